import { rm } from 'node:fs/promises';
import { extname, join } from 'node:path';
import type { ArtefactRef } from '../../src/contracts/artefact.ts';
import type { DataFile } from '../../src/contracts/data/data-manifest.ts';
import type { ProjectSpec } from '../../src/contracts/project/project.ts';
import { secondsPerRow } from '../../src/domain/evaluation/deviation.ts';
import type { Calibration, GroupRows } from '../../src/domain/evaluation/group-rows.ts';
import type { ArtefactStore } from '../../src/ports/artefact-store.ts';
import type { SensorFiles } from '../../src/ports/sensor-files.ts';
import type { CalibrateDeps } from '../calibration/run-calibrate-command.ts';

export interface GroupSource extends CalibrateDeps {
  readonly artefacts: ArtefactStore;
  readonly files: SensorFiles;
}

export interface SourceGroup {
  readonly file: DataFile;
  readonly data: GroupRows;
  /** Median time between two rows; null when the times cannot be read. */
  readonly secondsPerRow: number | null;
  /** The columns asked for as text, one cell per row. */
  readonly texts: Readonly<Record<string, readonly string[]>>;
}

/** A group's rows with the calibration that a pump like it would have been given. */
export interface CalibratedGroup extends SourceGroup {
  readonly calibration: Calibration;
}

/** Reads the rows of one group of a snapshot. */
export async function readGroup(
  { artefacts, files }: GroupSource,
  file: DataFile,
  place: {
    readonly spec: Pick<ProjectSpec, 'data'>;
    readonly folder: string;
    /** Columns to give as text too. */
    readonly texts?: readonly string[];
  },
): Promise<SourceGroup> {
  const { spec, folder, texts = [] } = place;
  const local = join(folder, `${file.sha256}${extname(file.path)}`);
  await artefacts.toFile(`sha256:${file.sha256}`, local);
  try {
    const { rows, times, values, labels } = await files.readGroupRows(local, spec.data);
    return {
      file,
      data: { group: file.group, rows, values, labels },
      secondsPerRow: secondsPerRow(times),
      texts: texts.length === 0 ? {} : await files.readTexts(local, texts),
    };
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
