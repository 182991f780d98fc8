import * as ort from 'onnxruntime-node';
import type { CalibrationTensor } from '../../contracts/calibration.ts';
import { WindlassError } from '../../errors/windlass-error.ts';

/** Rows to score, as flat row-major arrays: the window [n, window, columns], each calibration input [n, ...its shape]. */
export interface Batch {
  readonly n: number;
  readonly window: Float32Array;
  readonly calibration: Readonly<Record<string, Float32Array>>;
}

export interface Signature {
  readonly window: number;
  readonly columns: number;
  readonly input: string;
  readonly calibration: readonly CalibrationTensor[];
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
  const { input, calibration: tensors, output, window, columns } = signature;
  return {
    async run({ n, window: values, calibration }) {
      const feeds: Record<string, ort.Tensor> = {
        [input]: new ort.Tensor('float32', values, [n, window, columns]),
      };
      for (const { name, shape } of tensors)
        feeds[name] = new ort.Tensor('float32', calibration[name] ?? new Float32Array(), [n, ...shape]);
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
