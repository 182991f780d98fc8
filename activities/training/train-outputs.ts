import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ModelArtefacts } from '../../src/contracts/model/model-artefacts.ts';
import { WindlassError } from '../../src/errors/windlass-error.ts';
import type { ArtefactStore } from '../../src/ports/artefact-store.ts';
import { writtenFile } from '../shared/written-file.ts';
import { messageOf } from '../../src/base/error-message.ts';

export const ONNX_MEDIA_TYPE = 'application/vnd.onnx.model';
/** Limit for files that are read whole: larger than any legitimate one. */
const MAX_BYTES: Readonly<Record<string, number>> = { 'golden.json': 512 * 2 ** 20, 'metrics.json': 2 ** 20 };

/** What a train command leaves behind, as artefacts. */
export interface TrainOutputs extends ModelArtefacts {
  /** What the training code reports; no gate relies on it. */
  readonly reported: Readonly<Record<string, number>>;
}

/**
 * The flat object of numbers in metrics.json; what is not a finite number is left out (Python
 * writes NaN).
 */
function readMetrics(text: string): Record<string, number> {
  const plain = text.replaceAll(/(?<=[[,:]\s*)(?:NaN|-?Infinity)(?=\s*[\],}])/g, 'null');
  let value: unknown;
  try {
    value = JSON.parse(plain);
  } catch (error) {
    throw new WindlassError('TRAIN_FAILED', `metrics.json is not JSON: ${messageOf(error)}.`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new WindlassError('TRAIN_FAILED', 'metrics.json is not a flat object of numbers.');
  return Object.fromEntries(
    Object.entries(value).filter((entry): entry is [string, number] => typeof entry[1] === 'number'),
  );
}

const foldFile = (fold: number): string => join('folds', `${fold}.onnx`);

/**
 * Throws TRAIN_FAILED that lists every file that is missing, empty, too large or leads elsewhere.
 */
async function refuseMissing(out: string, needed: readonly string[]): Promise<void> {
  const missing: string[] = [];
  for (const name of needed) {
    const found = await writtenFile(out, name);
    const most = MAX_BYTES[name] ?? Infinity;
    if (found.is === 'missing') missing.push(name);
    else if (found.is !== 'a file') missing.push(`${name} (${found.is})`);
    else if (found.size === 0) missing.push(`${name} (empty)`);
    else if (found.size > most) missing.push(`${name} (larger than ${most / 2 ** 20} MiB)`);
  }
  if (missing.length > 0)
    throw new WindlassError(
      'TRAIN_FAILED',
      `The train command ended well, but did not write ${missing.join(', ')} to $WINDLASS_OUT.`,
      { details: { missing }, hint: 'Write every output of the contract of the train command.' },
    );
}

/**
 * Stores the model of each fold, which is all that a trial is judged by; throws TRAIN_FAILED when
 * one is missing.
 */
export async function storeFolds(
  artefacts: ArtefactStore,
  out: string,
  folds: readonly number[],
): Promise<ModelArtefacts['folds']> {
  await refuseMissing(out, folds.map(foldFile));
  const models = await Promise.all(
    folds.map(
      async (fold) =>
        [String(fold), await artefacts.putFile(join(out, foldFile(fold)), ONNX_MEDIA_TYPE)] as const,
    ),
  );
  return Object.fromEntries(models);
}

/**
 * Stores a model and its fold models from a folder that is laid out as a train command does; throws
 * TRAIN_FAILED.
 */
export async function storeModels(
  artefacts: ArtefactStore,
  out: string,
  folds: readonly number[],
): Promise<Omit<ModelArtefacts, 'golden'>> {
  await refuseMissing(out, ['model.onnx']);
  return {
    onnx: await artefacts.putFile(join(out, 'model.onnx'), ONNX_MEDIA_TYPE),
    folds: await storeFolds(artefacts, out, folds),
  };
}

/**
 * Stores the outputs of a train command; throws TRAIN_FAILED that lists every file that is missing
 * or empty.
 */
export async function storeOutputs(
  artefacts: ArtefactStore,
  out: string,
  folds: readonly number[],
): Promise<TrainOutputs> {
  await refuseMissing(out, ['model.onnx', 'golden.json', 'metrics.json', ...folds.map(foldFile)]);
  return {
    onnx: await artefacts.putFile(join(out, 'model.onnx'), ONNX_MEDIA_TYPE),
    golden: await artefacts.putFile(join(out, 'golden.json'), 'application/json'),
    folds: await storeFolds(artefacts, out, folds),
    reported: readMetrics(await readFile(join(out, 'metrics.json'), 'utf8')),
  };
}
