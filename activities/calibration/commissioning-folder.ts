import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CommandCalibration, CommissioningManifest } from '../../src/contracts/device/calibration.ts';
import type { GroupRows } from '../../src/domain/evaluation/group-rows.ts';

/**
 * Nine significant digits bring every float32 back exactly; a missing reading is an empty field.
 */
const field = (value: number | undefined): string =>
  value !== undefined && Number.isFinite(value) ? String(Number(value.toPrecision(9))) : '';
const quoted = (name: string): string => (/[",\n]/.test(name) ? `"${name.replaceAll('"', '""')}"` : name);

/**
 * Lays out what a calibrate command reads: manifest.json and the commissioning rows of each group
 * as CSV.
 */
export async function writeCommissioning(
  folder: string,
  groups: readonly GroupRows[],
  options: { readonly calibration: CommandCalibration; readonly columns: readonly string[] },
): Promise<CommissioningManifest> {
  const { calibration, columns } = options;
  await mkdir(folder, { recursive: true });
  const manifest: CommissioningManifest = {
    schema: 'windlass.commissioning/1',
    rows: calibration.rows,
    columns,
    tensors: calibration.tensors,
    groups: groups.map(({ group }, i) => ({ group, file: `${i}.csv`, out: `${i}.json` })),
  };
  for (const [i, { rows, values }] of groups.entries()) {
    const lines = Array.from({ length: Math.min(rows, calibration.rows) }, (_, r) =>
      columns.map((_name, c) => field(values[r * columns.length + c])).join(','),
    );
    await writeFile(join(folder, `${i}.csv`), `${[columns.map(quoted).join(','), ...lines].join('\n')}\n`);
  }
  await writeFile(join(folder, 'manifest.json'), JSON.stringify(manifest, null, 2));
  return manifest;
}
