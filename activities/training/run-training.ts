import { existsSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { log } from '@temporalio/activity';
import type { ArtefactRef } from '../../src/contracts/artefact.ts';
import type { DataRef } from '../../src/contracts/data/data-set.ts';
import { foldsOf } from '../../src/domain/search/validation-folds.ts';
import { WindlassError } from '../../src/errors/windlass-error.ts';
import type { CommandResult, RuntimeEnvironment } from '../../src/ports/project-runtime.ts';
import { describeEnd } from '../../src/base/command-end.ts';
import type { SensorFiles } from '../../src/ports/sensor-files.ts';
import type { SourceControl } from '../../src/ports/source-control.ts';
import { materializeData } from '../data/data-sets.ts';
import { readManifest } from '../data/manifest.ts';
import {
  containerLimits,
  type EnvironmentDeps,
  type ProjectCode,
} from '../environment/environment-activities.ts';
import type { StepDeps } from '../shared/cached-step.ts';
import { followTraining, type TrainHeartbeat } from './train-progress.ts';

export interface TrainDeps extends EnvironmentDeps, StepDeps {
  readonly source: SourceControl;
  readonly files: SensorFiles;
  /** Folder for the folders of runs. */
  readonly work: string;
}

/** One run of the train command. */
export interface TrainingRun extends ProjectCode {
  readonly environment: RuntimeEnvironment;
  readonly data: DataRef;
  /** Every parameter, none of them still to be chosen. */
  readonly params: Readonly<Record<string, unknown>>;
  readonly seed: number;
  /** Number of the trial that this is; then only the fold models are needed. */
  readonly trial?: number;
}

interface Hooks {
  readonly report: (details: TrainHeartbeat) => void;
  readonly signal: AbortSignal;
  readonly folder: string;
}

/** The limit of windlass.yaml that ended a command. */
function limitOf({ timedOut, overMemory }: CommandResult): string | undefined {
  if (overMemory !== null) return 'train.memoryMb';
  return timedOut ? 'train.timeoutSeconds' : undefined;
}

function failed(result: CommandResult, run: string, logRef: ArtefactRef): WindlassError {
  const limit = limitOf(result);
  const last = result.lastLines.filter((l) => l.trim() !== '').slice(-15);
  return new WindlassError(
    'TRAIN_FAILED',
    `The train command "${run}" failed: ${describeEnd(result)}${limit === undefined ? '' : ` (${limit})`}.${last.length === 0 ? ' It printed nothing.' : `\n  ${last.slice(-8).join('\n  ')}`}`,
    {
      details: { exitCode: result.exitCode, signal: result.signal, limit, lastLines: last, log: logRef },
      hint: limit && `Raise ${limit} in windlass.yaml, or make training need less.`,
    },
  );
}

/** Puts a folder together beside its place and moves it there, so that one that exists is whole. */
async function layOut(folder: string, fill: (fresh: string) => Promise<unknown>): Promise<void> {
  if (existsSync(folder)) return;
  const fresh = `${folder}.partial`;
  await rm(fresh, { recursive: true, force: true });
  await mkdir(fresh, { recursive: true });
  await fill(fresh);
  await rename(fresh, folder);
}

/**
 * Runs the train command in `folder`, from its checkpoint if there is one; throws TRAIN_FAILED with
 * the last lines of its log.
 */
export async function runTraining(
  deps: TrainDeps,
  training: TrainingRun,
  { report, signal, folder }: Hooks,
): Promise<{ readonly out: string; readonly folds: readonly number[]; readonly log: ArtefactRef }> {
  const { spec, bundle, data, environment, params, seed, trial } = training;
  const at = (name: string): string => join(folder, name);
  await mkdir(folder, { recursive: true });
  const orphans = await deps.runtime.endOrphans(environment, at('process.json'));
  if (orphans.length > 0) log.warn('ended what an earlier attempt left running', { orphans });

  await layOut(at('project'), async (fresh) =>
    deps.source.unpack(await deps.artefacts.read(bundle.digest), fresh),
  );
  await layOut(at('data'), (fresh) => materializeData(deps, data, fresh));
  await rm(at('out'), { recursive: true, force: true });
  await mkdir(at('out'), { recursive: true });
  await mkdir(at('checkpoint'), { recursive: true });
  await writeFile(at('params.json'), JSON.stringify(params));

  const result = await deps.runtime.run(environment, {
    run: spec.train.run,
    cwd: at('project'),
    container: {
      ...containerLimits(spec),
      mounts: [
        ...['project', 'data', 'params.json'].map((name) => ({ path: at(name), writable: false })),
        ...['out', 'checkpoint'].map((name) => ({ path: at(name), writable: true })),
      ],
    },
    variables: {
      WINDLASS_DATA: at('data'),
      WINDLASS_OUT: at('out'),
      WINDLASS_PARAMS: at('params.json'),
      WINDLASS_SEED: String(seed),
      WINDLASS_CHECKPOINT: at('checkpoint'),
      ...(trial === undefined ? {} : { WINDLASS_TRIAL: String(trial) }),
    },
    logFile: at('train.log'),
    pidFile: at('process.json'),
    timeoutMs: spec.train.timeoutSeconds * 1000,
    memoryMb: spec.train.memoryMb,
    signal,
    ...followTraining(report, trial === undefined ? '' : `trial ${trial}: `),
  });
  const logRef = await deps.artefacts.putFile(at('train.log'), 'text/plain');
  if (result.timedOut || result.overMemory !== null || result.exitCode !== 0)
    throw failed(result, spec.train.run, logRef);
  const folds = foldsOf((await readManifest(deps.artefacts, data)).files);
  return { out: at('out'), folds, log: logRef };
}
