import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import type { DeviceCalibration } from '../../src/contracts/device/calibrate-device.ts';
import type { CalibrationDocument } from '../../src/contracts/device/calibration.ts';
import { canonicalJson } from '../../src/base/canonical-json.ts';
import { WindlassError } from '../../src/errors/windlass-error.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type { SensorFiles } from '../../src/ports/sensor-files.ts';
import type { ProjectCode } from '../environment/environment-activities.ts';
import { withHeartbeats } from '../shared/heartbeats.ts';
import { inRunFolder } from '../shared/run-folder.ts';
import { calibrateGroups } from './calibrate-groups.ts';
import type { CalibrateDeps } from './run-calibrate-command.ts';

export interface CalibrationDeps extends CalibrateDeps {
  readonly files: Pick<SensorFiles, 'readGroupRows'>;
  readonly clock: Clock;
  /** Folder for the folders of runs. */
  readonly work: string;
}

export interface FitRequest {
  readonly code: ProjectCode;
  /** sha256 of the version's model.onnx. */
  readonly model: string;
  readonly device: string;
  readonly data: string;
}

export type CalibrationActivities = ReturnType<typeof createCalibrationActivities>;

async function fileDigest(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

/** Float32 numbers with the nine digits that name each exactly: half the text. */
const plain = (values: Float32Array): number[] => Array.from(values, (v) => Number(v.toPrecision(9)));

/** Activities that fit calibrations of devices. */
export function createCalibrationActivities(deps: CalibrationDeps) {
  return {
    /**
     * Fits a device's calibration on the first rows of a file, as the version's project says, and
     * keeps the document. Throws DATA_NOT_FOUND, DATA_INVALID (too few rows), CALIBRATION_FAILED.
     */
    fitDeviceCalibration: ({ code, model, device, data }: FitRequest): Promise<DeviceCalibration> =>
      withHeartbeats(async (report, signal) => {
        if ((await stat(data).catch(() => undefined))?.isFile() !== true)
          throw new WindlassError('DATA_NOT_FOUND', `There is no file ${data}.`);
        const { rows: wanted } = code.spec.model.calibration;
        const { rows, values, labels } = await deps.files.readGroupRows(data, code.spec.data);
        if (rows < wanted)
          throw new WindlassError(
            'DATA_INVALID',
            `${data} has ${rows} rows; ${code.spec.name} is calibrated on the first ${wanted}.`,
            { hint: 'Give a file that begins with the commissioning of this device.' },
          );
        const groups = [{ data: { group: device, rows, values, labels } }];
        const [fitted] = await inRunFolder(deps.work, 'calibrate', (folder) => {
          const hooks = { folder, signal, report: (message: string) => report({ message }) };
          return calibrateGroups(deps, { code, groups }, hooks);
        });
        if (fitted === undefined) throw new WindlassError('INTERNAL', 'Nothing was fitted.');
        const { mean, std, tensors } = fitted.calibration;
        const content = {
          model,
          rows: wanted,
          mean: plain(mean),
          std: plain(std),
          tensors: Object.entries(tensors).map(([name, numbers]) => ({ name, values: plain(numbers) })),
        };
        const id = createHash('sha256').update(canonicalJson(content)).digest('hex').slice(0, 16);
        const fittedAt = deps.clock.now().toISOString();
        const document: CalibrationDocument = { schema: 'windlass.calibration/1', id, fittedAt, ...content };
        const stored = await deps.artefacts.put(canonicalJson(document), 'application/json');
        return { device, id, document: stored, rows: wanted, dataSha256: await fileDigest(data), fittedAt };
      }),
  };
}
