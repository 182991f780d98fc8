import * as ort from 'onnxruntime-node';
import { WindlassError } from '../../errors/windlass-error.ts';

/** Values of one input for all rows of a batch, row-major; `shape` is that of one row. */
export interface BatchTensor {
  readonly data: Float32Array;
  readonly shape: readonly number[];
}

/** Rows to score, by input. */
export interface Batch {
  readonly n: number;
  readonly tensors: Readonly<Record<string, BatchTensor>>;
}

export interface ScoringSession {
  /** Probability per row, and the shape the model gave it. */
  run(batch: Batch): Promise<{ readonly scores: Float32Array; readonly shape: readonly number[] }>;
  close(): Promise<void>;
}

/** The runtime's words without the places in its own source. */
function reason(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.replaceAll(/\/onnxruntime_src\/\S+:\d+ [^()]*\([^()]*\)( const)?\s*/g, '').trim();
}

/** Opens a model on the CPU with the given number of threads; throws MODEL_INVALID with the runtime's own words. */
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
    throw new WindlassError('MODEL_INVALID', `ONNX Runtime cannot open the model: ${reason(error)}`, {
      cause: error,
    });
  }
  return {
    async run({ n, tensors }) {
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
        throw new WindlassError('MODEL_INVALID', `The model failed on ${n} rows: ${reason(error)}`, {
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
    },
    close: () => session.release(),
  };
}
