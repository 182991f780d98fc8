import { existsSync } from 'node:fs';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { GateResult } from '../../src/contracts/gate.ts';
import type { StepOutput } from '../../src/contracts/progress.ts';
import type { ProjectSpec } from '../../src/contracts/project.ts';
import { checkGate, junitCounts } from '../../src/domain/checks.ts';
import { WindlassError } from '../../src/errors/windlass-error.ts';
import type { RuntimeEnvironment } from '../../src/ports/project-runtime.ts';
import { describeEnd } from '../../src/ports/project-runtime.ts';
import type { SourceControl } from '../../src/ports/source-control.ts';
import {
  environmentOf,
  type EnvironmentDeps,
  type ProjectCode,
} from '../environment/environment-activities.ts';
import { cachedStep, type StepDeps } from '../shared/cached-step.ts';
import { withHeartbeats } from '../shared/heartbeats.ts';
import { removeRunFolder, runFolder } from '../shared/run-folder.ts';

export interface CheckDeps extends EnvironmentDeps, StepDeps {
  readonly source: SourceControl;
  /** Folder for the folders of runs. */
  readonly work: string;
}

export interface CheckRequest extends ProjectCode {
  readonly reuse: boolean;
}

export type CheckActivities = ReturnType<typeof createCheckActivities>;
type Check = ProjectSpec['checks'][number];

interface Place {
  readonly environment: RuntimeEnvironment;
  readonly project: string;
  readonly folder: string;
  readonly signal: AbortSignal;
}

async function runCheck(deps: CheckDeps, check: Check, place: Place): Promise<GateResult> {
  const logFile = join(place.folder, `${check.name}.log`);
  const result = await deps.runtime.run(place.environment, {
    run: check.run,
    cwd: place.project,
    variables: {},
    logFile,
    pidFile: join(place.folder, 'process.json'),
    timeoutMs: check.timeoutSeconds * 1000,
    signal: place.signal,
  });
  const report = check.junit === undefined ? undefined : join(place.project, check.junit);
  const counts =
    report === undefined
      ? null
      : ((existsSync(report) ? junitCounts(await readFile(report, 'utf8')) : undefined) ?? 'absent');
  return checkGate({
    name: check.name,
    required: check.required,
    exitCode: result.timedOut ? null : result.exitCode,
    ended: describeEnd(result),
    seconds: result.seconds,
    counts,
    lastLines: result.lastLines,
    evidence: { command: check.run, log: await deps.artefacts.putFile(logFile, 'text/plain') },
  });
}

function refuseFailed(gates: readonly GateResult[]): void {
  const failed = gates.filter((g) => g.status === 'fail');
  if (failed.length === 0) return;
  const lines = failed.map((g) => {
    const last = ((g.evidence?.lastLines ?? []) as string[]).filter((l) => l.trim() !== '').slice(-5);
    return `${g.name.replace(/^check-/, '')}: ${g.reason}${last.length === 0 ? '' : `\n  ${last.join('\n  ')}`}`;
  });
  throw new WindlassError(
    'CHECK_FAILED',
    `${failed.length} of ${gates.length} checks failed. ${lines.join('\n')}`,
    {
      details: { gates },
    },
  );
}

/** Activities that run a project's own checks. */
export function createCheckActivities(deps: CheckDeps) {
  return {
    /** Runs every check of windlass.yaml in a fresh folder; all run, then the failed ones are CHECK_FAILED together. */
    runChecks: (request: CheckRequest): Promise<StepOutput<readonly GateResult[]>> =>
      withHeartbeats(async (report, signal) => {
        const { bundle, spec, reuse } = request;
        const environment = await environmentOf(deps, request, { signal });
        const folder = runFolder(deps.work, 'checks');
        const identity = {
          step: 'checks',
          version: 1,
          inputs: { bundle: bundle.digest, environment: environment.key, checks: spec.checks },
          same: 'same source bundle, environment and checks',
          reuse,
        };
        const output = await cachedStep(deps, identity, async () => {
          const project = join(folder, 'project');
          await deps.runtime.endOrphans(join(folder, 'process.json'));
          await rm(project, { recursive: true, force: true });
          await mkdir(project, { recursive: true });
          await deps.source.unpack(await deps.artefacts.read(bundle.digest), project);
          const gates: GateResult[] = [];
          for (const check of spec.checks) {
            report({ message: `running ${check.name}: ${check.run}` });
            gates.push(await runCheck(deps, check, { environment, project, folder, signal }));
          }
          refuseFailed(gates);
          return gates;
        }).finally(() => removeRunFolder(folder));
        const passed = output.value.filter((g) => g.status === 'pass').length;
        return {
          ...output,
          gates: output.value,
          message: `${passed} of ${output.value.length} checks passed: ${output.value.map((g) => `${g.name.replace(/^check-/, '')} ${g.observed}`).join('; ')}`,
        };
      }),
  };
}
