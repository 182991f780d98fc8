import { readFile, writeFile } from 'node:fs/promises';
import type { GoldenFile } from '../../contracts/model/golden-file.ts';
import type { ModelRequest } from '../../ports/model-runtime.ts';
import { slice } from './batches.ts';
import type { Golden } from './golden-file.ts';
import type { ScoringSession } from './session.ts';

/**
 * Writes the golden file anew with the model's own predictions: each row alone, as a device scores
 * it.
 */
export async function predictGolden(
  open: () => Promise<ScoringSession>,
  { rows, tensors }: Golden,
  { goldenFile, expect, to }: Required<ModelRequest> & { readonly to: string },
): Promise<void> {
  const session = await open();
  const data: number[] = [];
  try {
    for (let row = 0; row < rows; row += 1)
      data.push(...(await session.run(slice({ n: rows, tensors }, row, 1))).scores);
  } finally {
    await session.close();
  }
  const file = JSON.parse(await readFile(goldenFile, 'utf8')) as GoldenFile;
  const outputs = { ...file.outputs, [expect.output]: { shape: [rows], data } };
  await writeFile(to, JSON.stringify({ ...file, outputs }));
}
