import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import type { ArtefactRef } from '../../src/contracts/artefact.ts';
import type { DataFile, ProjectSpec } from '../../src/contracts/project.ts';
import { fitCalibration, type Calibration, type GroupRows } from '../../src/domain/evaluation/group-rows.ts';
import { WindlassError } from '../../src/errors/windlass-error.ts';
import type { ArtefactStore } from '../../src/ports/artefact-store.ts';
import type { SensorFiles } from '../../src/ports/sensor-files.ts';

export interface GroupSource {
  readonly artefacts: ArtefactStore;
  readonly files: SensorFiles;
}

/** A group's rows with the calibration that a pump like it would have been given. */
export interface CalibratedGroup {
  readonly file: DataFile;
  readonly data: GroupRows;
  readonly calibration: Calibration;
}

/** Runs work with a folder that is gone afterwards. */
export async function withFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'windlass-evaluate-'));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Reads one group of a snapshot and fits its calibration; throws DATA_INVALID when a column has no reading to fit. */
export async function readGroup(
  { artefacts, files }: GroupSource,
  file: DataFile,
  place: { readonly spec: Pick<ProjectSpec, 'data' | 'model'>; readonly folder: string },
): Promise<CalibratedGroup> {
  const { spec, folder } = place;
  const local = join(folder, `${file.sha256}${extname(file.path)}`);
  await artefacts.toFile(`sha256:${file.sha256}`, local);
  try {
    const { rows, values, labels } = await files.readGroupRows(local, spec.data);
    const calibration = fitCalibration(values, spec.data.columns.length, spec.model.calibrationRows);
    if (calibration === undefined)
      throw new WindlassError(
        'DATA_INVALID',
        `${file.path}: a column has no reading in its first ${spec.model.calibrationRows} rows, so the pump cannot be calibrated.`,
      );
    return { file, data: { group: file.group, rows, values, labels }, calibration };
  } finally {
    await rm(local, { force: true });
  }
}

/** Writes models to a folder; gives the path per key. */
export async function placeModels(
  artefacts: ArtefactStore,
  models: Readonly<Record<string, ArtefactRef>>,
  folder: string,
): Promise<Map<string, string>> {
  const placed = new Map<string, string>();
  for (const [key, ref] of Object.entries(models)) {
    const path = join(folder, `model-${key}.onnx`);
    await artefacts.toFile(ref.digest, path);
    placed.set(key, path);
  }
  return placed;
}
