import { existsSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { log } from '@temporalio/activity';
import type { ArtefactRef } from '../../src/contracts/artefact.ts';
import type { DataRef } from '../../src/contracts/build.ts';
import type { StepOutput } from '../../src/contracts/progress.ts';
import type { DataManifest, TrainProgress } from '../../src/contracts/project.ts';
import { WindlassError } from '../../src/errors/windlass-error.ts';
import type { CommandResult, RuntimeEnvironment } from '../../src/ports/project-runtime.ts';
import { describeEnd } from '../../src/ports/project-runtime.ts';
import type { SensorFiles } from '../../src/ports/sensor-files.ts';
import type { SourceControl } from '../../src/ports/source-control.ts';
import { materializeData } from '../data/data-sets.ts';
import { readManifest } from '../data/manifest.ts';
import {
  environmentOf,
  type EnvironmentDeps,
  type ProjectCode,
} from '../environment/environment-activities.ts';
import { cachedStep, type StepDeps } from '../shared/cached-step.ts';
import { withHeartbeats } from '../shared/heartbeats.ts';
import { removeRunFolder, runFolder } from '../shared/run-folder.ts';
import { storeOutputs, type TrainOutputs } from './train-outputs.ts';

export interface TrainDeps extends EnvironmentDeps, StepDeps {
  readonly source: SourceControl;
  readonly files: SensorFiles;
  /** Folder for the folders of runs. */
  readonly work: string;
}

export interface TrainRequest extends ProjectCode {
  readonly data: DataRef;
  /** Overrides of windlass.yaml's train.params. */
  readonly params: Readonly<Record<string, unknown>>;
  readonly seed: number;
  readonly reuse: boolean;
}

export interface TrainedModel extends TrainOutputs {
  readonly log: ArtefactRef;
  readonly environment: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly seed: number;
}

/** What the heartbeats of a training carry: the last progress line, and the process. */
export interface TrainHeartbeat {
  readonly message: string;
  readonly progress: number | null;
  readonly metrics: Readonly<Record<string, number>>;
}

export type TrainActivities = ReturnType<typeof createTrainActivities>;

/** A JSON line of the contract, or undefined for any other line. */
export function parseProgress(line: string): TrainProgress | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    const value = JSON.parse(line) as Record<string, unknown>;
    const { progress, message, metrics } = value;
    return {
      ...(typeof progress === 'number' && progress >= 0 && progress <= 1 ? { progress } : {}),
      ...(typeof message === 'string' ? { message: message.slice(0, 300) } : {}),
      ...(typeof metrics === 'object' && metrics !== null
        ? { metrics: metrics as Record<string, number> }
        : {}),
    };
  } catch {
    return undefined;
  }
}

function failed(result: CommandResult, run: string, logRef: ArtefactRef): WindlassError {
  const last = result.lastLines.filter((l) => l.trim() !== '').slice(-15);
  return new WindlassError(
    'TRAIN_FAILED',
    `The train command "${run}" failed: ${describeEnd(result)}.${last.length === 0 ? ' It printed nothing.' : `\n  ${last.slice(-8).join('\n  ')}`}`,
    { details: { exitCode: result.exitCode, signal: result.signal, lastLines: last, log: logRef } },
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

/** Activities that train. */
export function createTrainActivities(deps: TrainDeps) {
  /** One training; its folder is that of the run, so that a later attempt finds orphan, inputs and checkpoint there. */
  async function trainOnce(
    request: TrainRequest,
    environment: RuntimeEnvironment,
    hooks: { report: (details: TrainHeartbeat) => void; signal: AbortSignal; folder: string },
  ): Promise<TrainedModel> {
    const { spec, bundle, data, seed } = request;
    const { folder, report, signal } = hooks;
    const at = (name: string): string => join(folder, name);
    await mkdir(folder, { recursive: true });
    const orphans = await deps.runtime.endOrphans(at('process.json'));
    if (orphans.length > 0) log.warn('ended what an earlier attempt left running', { orphans });

    await layOut(at('project'), async (fresh) =>
      deps.source.unpack(await deps.artefacts.read(bundle.digest), fresh),
    );
    await layOut(at('data'), (fresh) => materializeData(deps, data, fresh));
    await rm(at('out'), { recursive: true, force: true });
    await mkdir(at('out'), { recursive: true });
    await mkdir(at('checkpoint'), { recursive: true });
    const params = { ...spec.train.params, ...request.params };
    await writeFile(at('params.json'), JSON.stringify(params));

    let latest: TrainHeartbeat = { message: 'started', progress: null, metrics: {} };
    report(latest);
    const result = await deps.runtime.run(environment, {
      run: spec.train.run,
      cwd: at('project'),
      variables: {
        WINDLASS_DATA: at('data'),
        WINDLASS_OUT: at('out'),
        WINDLASS_PARAMS: at('params.json'),
        WINDLASS_SEED: String(seed),
        WINDLASS_CHECKPOINT: at('checkpoint'),
      },
      logFile: at('train.log'),
      pidFile: at('process.json'),
      timeoutMs: spec.train.timeoutSeconds * 1000,
      signal,
      onLine: (line, stream) => {
        const progress = stream === 'stdout' ? parseProgress(line) : undefined;
        if (progress === undefined) return;
        latest = {
          message: progress.message ?? latest.message,
          progress: progress.progress ?? latest.progress,
          metrics: { ...latest.metrics, ...progress.metrics },
        };
        report(latest);
      },
    });
    const logRef = await deps.artefacts.putFile(at('train.log'), 'text/plain');
    if (result.timedOut || result.exitCode !== 0) throw failed(result, spec.train.run, logRef);
    const manifest: DataManifest = await readManifest(deps.artefacts, data);
    const folds = [...new Set(manifest.files.flatMap((f) => (f.fold === null ? [] : [f.fold])))].sort(
      (a, b) => a - b,
    );
    const outputs = await storeOutputs(deps.artefacts, at('out'), folds);
    return { ...outputs, log: logRef, environment: environment.key, params, seed };
  }

  return {
    /** Runs the train command on a snapshot and keeps its outputs. Throws TRAIN_FAILED with the last lines of its log. */
    train: (request: TrainRequest): Promise<StepOutput<TrainedModel>> =>
      withHeartbeats(async (report, signal) => {
        const { spec, bundle, data, seed, reuse } = request;
        const environment = await environmentOf(deps, request, { signal });
        const folder = runFolder(deps.work, 'train');
        const identity = {
          step: 'train',
          version: 1,
          inputs: {
            bundle: bundle.digest,
            environment: environment.key,
            data: data.digest,
            run: spec.train.run,
            params: { ...spec.train.params, ...request.params },
            seed,
          },
          same: 'same source bundle, environment, data, parameters and seed',
          reuse,
        };
        const output = await cachedStep(deps, identity, () =>
          trainOnce(request, environment, { report, signal, folder }),
        ).catch(async (error: unknown) => {
          // What the next attempt cannot use goes; after a lost worker or an unforeseen error it goes on from the checkpoint.
          if (error instanceof WindlassError && !error.retryable) await removeRunFolder(folder);
          throw error;
        });
        await removeRunFolder(folder);
        const { onnx, folds, reported } = output.value;
        const metrics = Object.entries(reported).map(
          ([name, value]) => `${name} ${Number(value.toPrecision(4))}`,
        );
        return {
          ...output,
          message: `${onnx.digest.slice(7, 19)}, ${Object.keys(folds).length} fold models; training says: ${metrics.slice(0, 6).join(', ')}`,
        };
      }),
  };
}
