import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import pLimit from 'p-limit';
import type { GateResult } from '../../src/contracts/gate.ts';
import type { StepOutput } from '../../src/contracts/progress.ts';
import type { ProjectSpec } from '../../src/contracts/project/project.ts';
import { checkGate } from '../../src/domain/checks/check-results.ts';
import { WindlassError } from '../../src/errors/windlass-error.ts';
import type { ContainerLimits, RuntimeEnvironment } from '../../src/ports/project-runtime.ts';
import { describeEnd } from '../../src/base/command-end.ts';
import type { CommandResult } from '../../src/ports/project-runtime.ts';
import type { SourceControl } from '../../src/ports/source-control.ts';
import {
  containerLimits,
  environmentOf,
  type EnvironmentDeps,
  type ProjectCode,
} from '../environment/environment-activities.ts';
import { cachedStep, type StepDeps } from '../shared/cached-step.ts';
import { withHeartbeats } from '../shared/heartbeats.ts';
import { inRunFolder } from '../shared/run-folder.ts';
import { removeWritten } from '../shared/written-file.ts';
import { readCoverage } from './reports/coverage.ts';
import { readJunit } from './reports/junit.ts';
import { readReport } from './reports/report-file.ts';
import { readSarif } from './reports/sarif.ts';

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
  readonly limits: ContainerLimits;
  readonly signal: AbortSignal;
}

/** Checks that are declared parallel run at the same time, this many at most. */
const PARALLEL = 4;

/** Neighbours that are declared parallel are one group; groups follow one another. */
function groups(checks: readonly Check[]): Check[][] {
  return checks.reduce<Check[][]>((all, check) => {
    const last = all.at(-1);
    if (check.parallel === true && last?.at(-1)?.parallel === true) last.push(check);
    else all.push([check]);
    return all;
  }, []);
}

function reportsOf({ junit, coverage, sarif }: Check): string[] {
  return [junit, coverage, sarif].filter((name) => name !== undefined);
}

const logOf = (folder: string, { name }: Check): string => join(folder, `${name}.log`);

function runCheck(deps: CheckDeps, check: Check, place: Place): Promise<CommandResult> {
  const { environment, project, folder, signal } = place;
  return deps.runtime.run(environment, {
    run: check.run,
    cwd: project,
    container: { ...place.limits, mounts: [{ path: project, writable: true }] },
    variables: {},
    logFile: logOf(folder, check),
    pidFile: join(folder, `${check.name}.pid`),
    timeoutMs: check.timeoutSeconds * 1000,
    signal,
  });
}

async function judgeCheck(
  deps: CheckDeps,
  { check, result }: { readonly check: Check; readonly result: CommandResult },
  { project, folder }: Place,
): Promise<GateResult> {
  const read = <T>(report: string | undefined, by: (file: string) => Promise<T>) =>
    report === undefined ? undefined : readReport({ project, name: report }, by);
  const { name, required, minCoverage, maxErrors, maxWarnings } = check;
  return checkGate({
    name,
    required,
    minCoverage,
    maxErrors,
    maxWarnings,
    exitCode: result.timedOut ? null : result.exitCode,
    ended: describeEnd(result),
    seconds: result.seconds,
    reports: {
      junit: await read(check.junit, readJunit),
      coverage: await read(check.coverage, readCoverage),
      sarif: await read(check.sarif, (file) => readSarif(file, project)),
    },
    lastLines: result.lastLines,
    evidence: {
      command: check.run,
      log: await deps.artefacts.putFile(logOf(folder, check), 'text/plain'),
    },
  });
}

/** The project alone in a folder, after whatever an earlier attempt left running has ended. */
async function freshProject(
  deps: CheckDeps,
  { bundle, spec, environment, folder }: ProjectCode & Pick<Place, 'environment' | 'folder'>,
): Promise<string> {
  for (const { name } of spec.checks) await deps.runtime.endOrphans(environment, join(folder, `${name}.pid`));
  const project = join(folder, 'project');
  await rm(project, { recursive: true, force: true });
  await mkdir(project, { recursive: true });
  await deps.source.unpack(await deps.artefacts.read(bundle.digest), project);
  return project;
}

/**
 * Runs checks at the same time; their reports are read when all have ended, so that none changes
 * what is looked at.
 */
async function runGroup(deps: CheckDeps, group: readonly Check[], place: Place): Promise<GateResult[]> {
  // A report that came with the commit is not this run's.
  for (const name of group.flatMap(reportsOf)) await removeWritten(place.project, name);
  const limit = pLimit(PARALLEL);
  const ended = await Promise.allSettled(
    group.map((check) => limit(async () => ({ check, result: await runCheck(deps, check, place) }))),
  );
  const gates: GateResult[] = [];
  for (const each of ended) {
    if (each.status === 'rejected') throw each.reason;
    gates.push(await judgeCheck(deps, each.value, place));
  }
  return gates;
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
    /**
     * Runs every check of windlass.yaml in a fresh folder; all run, then the failed ones are
     * CHECK_FAILED together.
     */
    runChecks: (request: CheckRequest): Promise<StepOutput<readonly GateResult[]>> =>
      withHeartbeats(async (report, signal) => {
        const { bundle, spec, reuse } = request;
        const environment = await environmentOf(deps, request, { signal });
        const identity = {
          step: 'checks',
          version: 2,
          inputs: { bundle: bundle.digest, environment: environment.key, checks: spec.checks },
          same: 'same source bundle, environment and checks',
          reuse,
        };
        const output = await inRunFolder(deps.work, 'checks', (folder) =>
          cachedStep(deps, identity, async () => {
            const project = await freshProject(deps, { bundle, spec, environment, folder });
            const place = { environment, project, folder, signal, limits: containerLimits(spec) };
            const gates: GateResult[] = [];
            for (const group of groups(spec.checks)) {
              report({ message: `running ${group.map((c) => `${c.name}: ${c.run}`).join(', ')}` });
              gates.push(...(await runGroup(deps, group, place)));
            }
            refuseFailed(gates);
            return gates;
          }),
        );
        const passed = output.value.filter((g) => g.status === 'pass').length;
        return {
          ...output,
          gates: output.value,
          message: `${passed} of ${output.value.length} checks passed: ${output.value.map((g) => `${g.name.replace(/^check-/, '')} ${g.observed}`).join('; ')}`,
        };
      }),
  };
}
