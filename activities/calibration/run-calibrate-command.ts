import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { CommandCalibration, CommissioningManifest } from '../../src/contracts/device/calibration.ts';
import { readTensorValues, type TensorValues } from '../../src/domain/calibration/tensor-values.ts';
import type { GroupRows } from '../../src/domain/evaluation/group-rows.ts';
import { WindlassError } from '../../src/errors/windlass-error.ts';
import { describeEnd } from '../../src/base/command-end.ts';
import type { SourceControl } from '../../src/ports/source-control.ts';
import {
  containerLimits,
  environmentOf,
  type EnvironmentDeps,
  type ProjectCode,
} from '../environment/environment-activities.ts';
import { writtenFile } from '../shared/written-file.ts';
import { writeCommissioning } from './commissioning-folder.ts';
import { messageOf } from '../../src/base/error-message.ts';

/** Of one group's values; MAX_CALIBRATION_VALUES numbers as text are far below. */
const MAX_BYTES = 2 ** 20;

export interface CalibrateDeps extends EnvironmentDeps {
  readonly source: Pick<SourceControl, 'readBundle' | 'unpack'>;
}

export interface CalibrateHooks {
  /** Folder of this run: what an earlier attempt left running there is ended first. */
  readonly folder: string;
  readonly signal?: AbortSignal;
  readonly report?: (message: string) => void;
}

/**
 * Fits the calibration of every group with one run of the project's calibrate command, in the
 * project's own environment. Throws CALIBRATION_FAILED when it fails, or gives other tensors than
 * windlass.yaml declares.
 */
export async function runCalibrateCommand(
  deps: CalibrateDeps,
  request: {
    readonly code: ProjectCode;
    readonly calibration: CommandCalibration;
    readonly groups: readonly GroupRows[];
  },
  { folder, signal, report }: CalibrateHooks,
): Promise<TensorValues[]> {
  const { code, calibration, groups } = request;
  const at = (name: string): string => join(folder, name);
  const environment = await environmentOf(deps, code, { signal });
  await deps.runtime.endOrphans(environment, at('calibrate.json'));
  await rm(folder, { recursive: true, force: true });
  for (const part of ['project', 'out']) await mkdir(at(part), { recursive: true });
  await deps.source.unpack(await deps.artefacts.read(code.bundle.digest), at('project'));
  const columns = code.spec.data.columns.map((c) => c.name);
  const manifest = await writeCommissioning(at('commissioning'), groups, { calibration, columns });
  report?.(`calibrating ${groups.length} groups`);
  const result = await deps.runtime.run(environment, {
    run: calibration.run,
    cwd: at('project'),
    container: {
      ...containerLimits(code.spec),
      mounts: ['project', 'commissioning', 'out'].map((name) => ({
        path: at(name),
        writable: name === 'out',
      })),
    },
    variables: { WINDLASS_COMMISSIONING: at('commissioning'), WINDLASS_OUT: at('out') },
    logFile: at('calibrate.log'),
    pidFile: at('calibrate.json'),
    timeoutMs: calibration.timeoutSeconds * 1000,
    signal,
  });
  if (result.timedOut || result.exitCode !== 0) {
    const last = result.lastLines.filter((line) => line.trim() !== '').slice(-8);
    throw new WindlassError(
      'CALIBRATION_FAILED',
      `The calibrate command "${calibration.run}" failed: ${describeEnd(result)}.${last.length === 0 ? ' It printed nothing.' : `\n  ${last.join('\n  ')}`}`,
      { details: { exitCode: result.exitCode, signal: result.signal, lastLines: last } },
    );
  }
  return Promise.all(manifest.groups.map((group) => readGroup(at('out'), group, calibration)));
}

async function readGroup(
  folder: string,
  { group, out }: CommissioningManifest['groups'][number],
  { run, tensors }: CommandCalibration,
): Promise<TensorValues> {
  const refuse = (problem: string): never => {
    throw new WindlassError(
      'CALIBRATION_FAILED',
      `The calibrate command "${run}" gave no calibration of ${group}: ${problem}.`,
      { details: { group, file: out } },
    );
  };
  const written = await writtenFile(folder, out);
  if (written.is === 'missing') return refuse(`it did not write ${out}`);
  if (written.is !== 'a file') return refuse(`${out} is ${written.is}`);
  if (written.size > MAX_BYTES) return refuse(`${out} is larger than ${MAX_BYTES / 2 ** 20} MiB`);
  const text = await readFile(written.path, 'utf8');
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch (error) {
    return refuse(`${out} is not JSON (${messageOf(error)})`);
  }
  const read = readTensorValues(found, tensors);
  return 'values' in read ? read.values : refuse(`${out}: ${read.problems.join('; ')}`);
}
