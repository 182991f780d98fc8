import type { ArtefactRef } from '../../src/contracts/artefact.ts';
import type { StepOutput } from '../../src/contracts/progress.ts';
import type { ProjectSpec } from '../../src/contracts/project/project.ts';
import { WindlassError } from '../../src/errors/windlass-error.ts';
import type { ArtefactStore } from '../../src/ports/artefact-store.ts';
import type { ContainerLimits, ProjectRuntime, RuntimeEnvironment } from '../../src/ports/project-runtime.ts';
import type { SourceControl } from '../../src/ports/source-control.ts';
import { withHeartbeats } from '../shared/heartbeats.ts';
import { environmentRequest } from '../source/read-spec.ts';

export interface EnvironmentDeps {
  readonly runtime: ProjectRuntime;
  readonly source: Pick<SourceControl, 'readBundle'>;
  readonly artefacts: ArtefactStore;
}

export interface ProjectCode {
  readonly bundle: ArtefactRef;
  readonly spec: ProjectSpec;
}

/** The environment that checks and training run in. */
export interface PreparedEnvironment {
  readonly key: string;
  readonly python: string;
  readonly platform: string;
  readonly log: ArtefactRef | null;
}

export type EnvironmentActivities = ReturnType<typeof createEnvironmentActivities>;

/** The environment of a project on this machine, built or pulled if it is not there yet. */
export async function environmentOf(
  { runtime, source, artefacts }: EnvironmentDeps,
  { bundle, spec }: ProjectCode,
  hooks: { readonly signal?: AbortSignal; readonly onLine?: (line: string) => void } = {},
): Promise<RuntimeEnvironment> {
  const files = await source.readBundle(await artefacts.read(bundle.digest));
  return runtime.ensure(environmentRequest(files, spec), hooks);
}

/** What a container of the project's image may use. */
export function containerLimits({
  environment: { cpus, gpus, network = false },
}: ProjectSpec): ContainerLimits {
  return { cpus, gpus, network };
}

/** Activities that build environments from lock files. */
export function createEnvironmentActivities(deps: EnvironmentDeps) {
  const keepLog = async (file: string): Promise<ArtefactRef | null> =>
    deps.artefacts.putFile(file, 'text/plain').catch(() => null);
  return {
    /**
     * Builds the environment once per lock file (or image), Python and platform; its build log is
     * kept.
     */
    prepareEnvironment: (code: ProjectCode): Promise<StepOutput<PreparedEnvironment>> =>
      withHeartbeats(async (report, signal) => {
        const environment = await environmentOf(deps, code, {
          signal,
          onLine: (line) => report({ message: line.slice(0, 200) }),
        }).catch(async (error: unknown) => {
          const { logFile } = (error instanceof WindlassError ? error.details : {}) as { logFile?: string };
          if (!(error instanceof WindlassError) || logFile === undefined) throw error;
          const log = await keepLog(logFile);
          throw new WindlassError(error.code, error.message, {
            hint: error.hint,
            details: { ...(error.details as object), log: log?.digest },
            cause: error,
          });
        });
        const { key, kind, image, python, platform, builtAt, reused, logFile } = environment;
        const value = { key, python, platform, log: await keepLog(logFile) };
        const what = image ?? `${kind === 'pip' ? '' : `${kind}, `}Python ${python}`;
        const message = `${what} on ${platform}`;
        if (!reused) return { value, message };
        const when = builtAt.slice(0, 16).replace('T', ' ');
        const same = image === undefined ? `same lock file, Python ${python} and platform` : 'same image';
        return { value, message, cached: true, why: `${same}: built on ${when}` };
      }),
  };
}
