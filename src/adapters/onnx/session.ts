import * as ort from 'onnxruntime-node';
import { WindlassError } from '../../errors/windlass-error.ts';
import type { ModelExpectation } from '../../ports/model-runtime.ts';

/** Rows to score, as flat row-major arrays: [n, window, columns], [n, columns], [n, columns]. */
export interface Batch {
  readonly n: number;
  readonly window: Float32Array;
  readonly mean: Float32Array;
  readonly std: Float32Array;
}

export interface Signature {
  readonly window: number;
  readonly columns: number;
  readonly inputs: ModelExpectation['inputs'];
  readonly output: string;
}

export interface ScoringSession {
  /** Probability per row, and the shape the model gave it. */
  run(batch: Batch): Promise<{ readonly scores: Float32Array; readonly shape: readonly number[] }>;
  close(): Promise<void>;
}

const reason = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Opens a model on the CPU with the given number of threads; throws MODEL_INVALID with the runtime's own words. */
export async function openSession(file: string, signature: Signature, threads = 1): Promise<ScoringSession> {
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
  const { inputs, output, window, columns } = signature;
  return {
    async run({ n, window: values, mean, std }) {
      const feeds = {
        [inputs.window]: new ort.Tensor('float32', values, [n, window, columns]),
        [inputs.calibrationMean]: new ort.Tensor('float32', mean, [n, columns]),
        [inputs.calibrationStd]: new ort.Tensor('float32', std, [n, columns]),
      };
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
