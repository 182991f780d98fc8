import type { CalibrationTensor } from '../../contracts/device/calibration.ts';
import type { ModelProfile } from '../../contracts/build/optimisation.ts';
import type { ErrorBody } from '../../errors/windlass-error.ts';
import type { ModelBehaviour } from '../../contracts/model/model-behaviour.ts';
import type { ModelRequest, ModelRuntime } from '../../ports/model-runtime.ts';

/** What the gate process is asked, as JSON in a file. */
export type GateRequest =
  | { readonly task: 'inspect'; readonly modelFiles: readonly string[]; readonly maxBytes: number }
  | ({ readonly task: 'exercise' | 'profile' } & ModelRequest)
  | { readonly task: 'optimise'; readonly from: string; readonly to: string }
  | ({ readonly task: 'predict-golden'; readonly to: string } & Required<ModelRequest>);

export type GateAnswer =
  | { readonly structures: Awaited<ReturnType<ModelRuntime['inspect']>> }
  | { readonly behaviour: ModelBehaviour }
  | { readonly profile: ModelProfile }
  | { readonly written: string }
  | { readonly error: Pick<ErrorBody, 'code' | 'message'> };

/**
 * One group of the scoring process: files hold little-endian float32 (values, scores) and uint32
 * (rows).
 */
export interface ScoreTask {
  readonly modelFile: string;
  readonly valuesFile: string;
  readonly rowsFile: string;
  readonly scoresFile: string;
  readonly columns: number;
  readonly window: number;
  readonly calibration: ReadonlyArray<CalibrationTensor & { readonly values: readonly number[] }>;
  readonly input: string;
  readonly output: string;
}

export interface ScoreRequest {
  readonly tasks: readonly ScoreTask[];
}

export type ScoreAnswer =
  { readonly scored: number } | { readonly error: Pick<ErrorBody, 'code' | 'message'> };
