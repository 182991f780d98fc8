import { readFile } from 'node:fs/promises';
import * as ort from 'onnxruntime-node';
import { messageOf } from '../../base/error-message.ts';
import { scoresRowsAlone } from '../../contracts/model/model-file.ts';
import { WindlassError } from '../../errors/windlass-error.ts';
import { slice } from './batches.ts';
import type { Batch } from './batches.ts';

/** Probability per row, and the shape that the model gave it. */
interface ScoredBatch {
  readonly scores: Float32Array;
  readonly shape: readonly number[];
}

export interface ScoringSession {
  run(batch: Batch): Promise<ScoredBatch>;
  close(): Promise<void>;
}

/** The runtime's words without the places in its own source. */
export function reasonOf(error: unknown): string {
  const text = messageOf(error);
  return text.replaceAll(/\/onnxruntime_src\/\S+:\d+ [^()]*\([^()]*\)( const)?\s*/g, '').trim();
}

/**
 * Opens a model on the CPU (one that scales by the batch scores rows one by one) with the given
 * number of threads; throws MODEL_INVALID with the runtime's own words.
 */
export async function openSession(file: string, output: string, threads = 1): Promise<ScoringSession> {
  let session: ort.InferenceSession;
  try {
    session = await ort.InferenceSession.create(file, {
      executionProviders: ['cpu'],
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      logSeverityLevel: 3,
    });
  } catch (error) {
    throw new WindlassError('MODEL_INVALID', `ONNX Runtime cannot open the model: ${reasonOf(error)}`, {
      cause: error,
    });
  }
  const runBatch = async ({ n, tensors }: Batch): Promise<ScoredBatch> => {
    const feeds = Object.fromEntries(
      Object.entries(tensors).map(([name, { data, shape }]) => [
        name,
        new ort.Tensor('float32', data, [n, ...shape]),
      ]),
    );
    let result: ort.InferenceSession.OnnxValueMapType;
    try {
      result = await session.run(feeds, [output]);
    } catch (error) {
      throw new WindlassError('MODEL_INVALID', `The model failed on ${n} rows: ${reasonOf(error)}`, {
        cause: error,
      });
    }
    const tensor = result[output] as ort.Tensor | undefined;
    if (tensor === undefined || tensor.type !== 'float32' || tensor.size !== n)
      throw new WindlassError(
        'MODEL_INVALID',
        `Output "${output}" is ${tensor?.type ?? 'absent'} with ${tensor?.size ?? 0} values for ${n} rows.`,
      );
    return { scores: Float32Array.from(tensor.data as Float32Array), shape: tensor.dims };
  };
  const runAlone = async (rows: Batch): Promise<ScoredBatch> => {
    const scores = new Float32Array(rows.n);
    let shape: readonly number[] = [];
    for (let row = 0; row < rows.n; row += 1) {
      const one = await runBatch(slice(rows, row, 1));
      scores.set(one.scores, row);
      shape = [rows.n, ...one.shape.slice(1)];
    }
    return { scores, shape };
  };
  const alone = scoresRowsAlone(await readFile(file));
  return {
    run: (rows) => (alone && rows.n > 1 ? runAlone(rows) : runBatch(rows)),
    close: () => session.release(),
  };
}
