import { copyFile, mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Optimisation } from '../../src/contracts/build/optimisation.ts';
import type { ModelArtefacts } from '../../src/contracts/model/model-artefacts.ts';
import { WindlassError } from '../../src/errors/windlass-error.ts';
import type { ModelRuntime } from '../../src/ports/model-runtime.ts';
import { describeEnd } from '../../src/base/command-end.ts';
import type { RuntimeEnvironment } from '../../src/ports/project-runtime.ts';
import { containerLimits, type ProjectCode } from '../environment/environment-activities.ts';
import type { TrainDeps } from '../training/run-training.ts';
import { storeModels } from '../training/train-outputs.ts';

export interface CandidateDeps extends TrainDeps {
  readonly models: ModelRuntime;
}

/** A candidate has no golden rows until it is kept. */
export type CandidateArtefacts = Omit<ModelArtefacts, 'golden'>;

export interface CandidateRequest extends ProjectCode, CandidateArtefacts {
  readonly kind: Optimisation;
}

interface Hooks {
  readonly folder: string;
  readonly signal: AbortSignal;
  readonly report: (details: { readonly message: string }) => void;
}

const SCRIPT = fileURLToPath(new URL('./optimise.py', import.meta.url));
/** Exit code of optimise.py with the reason in its last line. */
const SAID_WHY = 3;
const TIMEOUT_MS = 30 * 60_000;

/**
 * Makes a cheaper form of a model and of its fold models, in the project's environment unless it is
 * the graph's; throws OPTIMISATION_FAILED that says what stands in the way.
 */
export async function makeCandidate(
  deps: CandidateDeps,
  request: CandidateRequest & { readonly environment: RuntimeEnvironment | undefined },
  hooks: Hooks,
): Promise<CandidateArtefacts> {
  const { onnx, folds, environment } = request;
  const at = (name: string): string => join(hooks.folder, name);
  // What an attempt on a worker that was lost left running is found by a file of this folder.
  if (environment !== undefined) await deps.runtime.endOrphans(environment, at('process.json'));
  await rm(hooks.folder, { recursive: true, force: true });
  const files = new Map([
    ['model.onnx', onnx],
    ...Object.entries(folds).map(([fold, ref]) => [join('folds', `${fold}.onnx`), ref] as const),
  ]);
  for (const [name, ref] of files) {
    await mkdir(dirname(at(join('in', name))), { recursive: true });
    await mkdir(dirname(at(join('out', name))), { recursive: true });
    await deps.artefacts.toFile(ref.digest, at(join('in', name)));
  }
  if (environment === undefined) await optimiseGraphs(deps.models, [...files.keys()], hooks);
  else await runScript(deps, { ...request, environment }, hooks);
  return storeModels(deps.artefacts, at('out'), Object.keys(folds).map(Number));
}

async function optimiseGraphs(models: ModelRuntime, names: readonly string[], hooks: Hooks): Promise<void> {
  for (const name of names) {
    hooks.report({ message: name });
    await models.optimise(
      { from: join(hooks.folder, 'in', name), to: join(hooks.folder, 'out', name) },
      { signal: hooks.signal },
    );
  }
}

/** Quantisation needs Python's onnxruntime: the project's own, so that its lock file says which. */
async function runScript(
  { runtime }: CandidateDeps,
  { spec, kind, environment }: Pick<CandidateRequest, 'spec' | 'kind'> & { environment: RuntimeEnvironment },
  { folder, signal, report }: Hooks,
): Promise<void> {
  const at = (name: string): string => join(folder, name);
  await copyFile(SCRIPT, at('optimise.py'));
  const result = await runtime.run(environment, {
    run: `python optimise.py ${kind} in out`,
    cwd: folder,
    container: {
      ...containerLimits(spec),
      mounts: [
        { path: at('optimise.py'), writable: false },
        { path: at('in'), writable: false },
        { path: at('out'), writable: true },
      ],
    },
    variables: { ORT_DISABLE_TELEMETRY: '1' },
    logFile: at('optimise.log'),
    pidFile: at('process.json'),
    timeoutMs: TIMEOUT_MS,
    memoryMb: spec.train.memoryMb,
    signal,
    onLine: (line) => report({ message: line.slice(0, 200) }),
  });
  if (result.exitCode === 0 && !result.timedOut && result.overMemory === null) return;
  const last = result.lastLines.filter((line) => line.trim() !== '').slice(-8);
  const said = last.at(-1) ?? 'the script said nothing';
  const reason = result.exitCode === SAID_WHY ? said : `${said} (${describeEnd(result)})`;
  throw new WindlassError('OPTIMISATION_FAILED', `${kind} could not be made: ${reason}.`, {
    details: { lastLines: last },
  });
}
