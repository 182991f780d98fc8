import {
  ActivityCancellationType,
  ApplicationFailure,
  isCancellation,
  proxyActivities,
} from '@temporalio/workflow';
import type { EvaluateRequest } from '../../activities/evaluation/evaluate.ts';
import type { JudgedEvaluation } from '../../activities/evaluation/evaluation-activities.ts';
import type { JudgedModel } from '../../activities/model-gates/model-gate-activities.ts';
import type { ProfileActivities, VariantProfile } from '../../activities/optimisation/profile-activities.ts';
import type { TrainedFiles } from '../../activities/training/train-outputs.ts';
import type { ArtefactRef } from '../../src/contracts/artefact.ts';
import type { BuildStep } from '../../src/contracts/build/build-steps.ts';
import type {
  ModelProfile,
  Optimisation,
  OptimisationRecord,
  OptimisationResult,
  OptimiseOptions,
  Variant,
  VariantResult,
} from '../../src/contracts/build/optimisation.ts';
import type { ProjectSpec } from '../../src/contracts/project/project.ts';
import type { StepOutput } from '../../src/contracts/progress.ts';
import { promotable } from '../../src/domain/comparison/verdict.ts';
import { QUALITY_TOLERANCE } from '../../src/domain/model-gates/golden-gates.ts';
import { chooseVariant } from '../../src/domain/optimisation/choose-variant.ts';
import { optimisationPlan } from '../../src/domain/optimisation/plan.ts';
import { failureText, rootFailure, type Steps } from '../shared/steps.ts';
import * as activity from './build-activities.ts';

/** One form of the trained model with everything that was found out about it. */
interface Form extends TrainedFiles {
  readonly variant: Variant;
  readonly judged: JudgedModel;
  readonly evaluation: JudgedEvaluation;
}

export interface OptimiseRequest extends Omit<EvaluateRequest, 'folds'> {
  readonly original: Form;
  readonly golden: ArtefactRef;
  readonly options: OptimiseOptions | undefined;
  readonly reuse: boolean;
}

/** The form that is registered. */
export interface Shipped extends Omit<Form, 'variant'> {
  readonly golden: ArtefactRef;
  readonly profiles: readonly ModelProfile[];
  readonly result?: OptimisationResult;
  readonly record?: OptimisationRecord;
}

type Measured = VariantProfile & { readonly platform: string };

type Tried = Pick<VariantResult, 'variant' | 'status' | 'reason'> & {
  readonly made?: TrainedFiles;
  /** Only a model that passed its own gates is measured. */
  readonly runs?: boolean;
  readonly form?: Form;
  readonly f1?: number;
  readonly loss?: Pick<VariantResult, 'difference' | 'interval'>;
};

/**
 * Tries the cheaper forms of a model that windlass.yaml names, measures all on every platform that
 * some worker has, and keeps the one that gains enough and passes what the original passes; without
 * any the model stays as it was trained.
 */
export async function optimiseModel(steps: Steps<BuildStep>, request: OptimiseRequest): Promise<Shipped> {
  const { original, golden, spec } = request;
  const plan = optimisationPlan(spec.optimise, request.options);
  const asTrained = { ...original, golden, profiles: original.judged.profiles };
  if (plan.candidates.length === 0) {
    steps.skip('optimise', 'no other form of the model is asked for');
    return asTrained;
  }
  return steps.run('optimise', async (): Promise<StepOutput<Shipped>> => {
    const startedAt = Date.now();
    const tried: Tried[] = [];
    for (const kind of plan.candidates) {
      steps.note('optimise', `${kind}: making and judging it`);
      tried.push(await tryForm(kind, request));
    }
    const running = tried.flatMap(({ variant, made, runs }) =>
      made === undefined || runs !== true ? [] : [{ variant, onnx: made.onnx }],
    );
    const { measured, unmeasured } = await profileEverywhere(steps, [original, ...running], request);
    const of = (variant: Variant): ModelProfile[] =>
      measured.flatMap((m) => (m.variant === variant && 'profile' in m ? [m.profile] : []));
    const row = ({ variant, made: files, f1, loss, ...judged }: Tried): VariantResult => ({
      variant,
      digest: files?.onnx.digest ?? null,
      bytes: files?.onnx.size ?? null,
      f1: f1 ?? null,
      difference: loss?.difference ?? null,
      interval: loss?.interval ?? null,
      status: judged.status,
      reason: judged.reason,
      ...notRunning(measured, variant),
      profiles: of(variant),
    });
    const first = row({
      variant: 'original',
      status: 'passed',
      reason: 'as it was trained',
      made: original,
      f1: original.evaluation.metrics.f1,
    });
    const others = tried.map(row);
    const { variant: kept, reason } = chooseVariant(first, others, plan);
    const result: OptimisationResult = {
      prefer: plan.prefer,
      minGain: plan.minGain,
      kept,
      reason,
      unmeasured,
      variants: [first, ...others].map((v) => (v.variant === kept ? { ...v, status: 'kept' } : v)),
      seconds: (Date.now() - startedAt) / 1000,
    };
    const form = tried.find((t) => t.variant === kept)?.form ?? original;
    // What is registered is what was judged.
    steps.addGates([...form.judged.gates, ...form.evaluation.gates]);
    const record: OptimisationRecord = {
      kept,
      from: original.onnx.digest,
      report: await activity.keepOptimisation(result),
      ...(isMeantToDiffer(kept) ? { parityTolerance: QUALITY_TOLERANCE } : {}),
    };
    return {
      value: {
        ...form,
        golden: await goldenOf(kept, { onnx: form.onnx, golden, spec }),
        profiles: of(kept),
        result,
        record,
      },
      message: `${kept} is kept: ${reason}`,
    };
  });
}

/** A form that one of the platforms does not run is for none. */
function notRunning(
  measured: readonly Measured[],
  variant: Variant,
): Pick<VariantResult, 'status' | 'reason'> | undefined {
  for (const m of measured)
    if (m.variant === variant && 'refused' in m)
      return { status: 'refused', reason: `does not run on ${m.platform}: ${m.refused}` };
  return undefined;
}

const isMeantToDiffer = (variant: Variant): boolean => variant === 'int8' || variant === 'float16';

/**
 * The golden rows that a form is held to elsewhere: the training framework's, or its own where it
 * is meant to differ from them.
 */
export async function goldenOf(
  variant: Variant,
  model: { readonly onnx: ArtefactRef; readonly golden: ArtefactRef; readonly spec: ProjectSpec },
): Promise<ArtefactRef> {
  const { onnx, golden, spec } = model;
  return isMeantToDiffer(variant) ? activity.keepOwnGolden({ onnx, golden, spec }) : golden;
}

/**
 * Makes, judges and evaluates one form as a trained model is; what stands in its way is a result.
 */
async function tryForm(kind: Optimisation, request: OptimiseRequest): Promise<Tried> {
  const { original, golden, options: _, ...rest } = request;
  const { spec, seed, reuse, bundle, data } = rest;
  let made: TrainedFiles | undefined;
  let runs = false;
  try {
    const { onnx, folds } = original;
    made = (await activity.makeCandidate({ kind, onnx, folds, spec, bundle, reuse })).value;
    const parity = isMeantToDiffer(kind) ? 'quality' : 'strict';
    const { value: judged } = await activity.checkModel({ ...made, golden, spec, parity, reuse });
    runs = true;
    const { value: evaluation } = await activity.evaluateModel({
      folds: made.folds,
      spec,
      bundle,
      data,
      seed,
      reuse,
    });
    const { verdict, reason, difference, interval } = await activity.compareCandidate({
      original: original.evaluation.scores,
      candidate: evaluation.scores,
      spec,
      seed,
    });
    const found = { variant: kind, made, runs, f1: evaluation.metrics.f1, loss: { difference, interval } };
    if (!promotable(verdict)) return { ...found, status: 'refused', reason: `${verdict}: ${reason}` };
    const form = { variant: kind, ...made, judged, evaluation };
    return { ...found, status: 'passed', reason: 'passes the gates of the original', form };
  } catch (error) {
    const failure = rootFailure(error);
    if (isCancellation(failure)) throw failure;
    const refused = failure instanceof ApplicationFailure && failure.type === 'GATE_FAILED';
    return {
      variant: kind,
      status: refused ? 'refused' : 'failed',
      reason: failureText(failure),
      ...(made === undefined ? {} : { made, runs }),
    };
  }
}

/** Measures all forms side by side on each platform of the project that a worker is there for. */
async function profileEverywhere(
  steps: Steps<BuildStep>,
  models: ReadonlyArray<{ readonly variant: Variant; readonly onnx: ArtefactRef }>,
  { golden, spec, reuse }: OptimiseRequest,
): Promise<{ measured: Measured[]; unmeasured: OptimisationResult['unmeasured'] }> {
  const profilers = await activity.findProfilers({ platforms: spec.serve.platforms });
  const asked = profilers.flatMap((p) => (p.taskQueue === null ? [] : [p.platform]));
  if (asked.length > 0) steps.note('optimise', `measuring on ${asked.join(', ')}`);
  const request = { models: models.map(({ variant, onnx }) => ({ variant, onnx })), golden, spec, reuse };
  const answers = await Promise.all(
    profilers.map(async ({ platform, taskQueue }) => {
      if (taskQueue === null)
        return { platform, reason: 'no worker of this platform serves the queue "profiling"' };
      try {
        const { value } = await profilerOn(taskQueue)(request);
        return value.map((found) => ({ platform, ...found }));
      } catch (error) {
        const failure = rootFailure(error);
        if (isCancellation(failure)) throw failure;
        return { platform, reason: failureText(failure) };
      }
    }),
  );
  return {
    measured: answers.flatMap((a) => ('reason' in a ? [] : a)),
    unmeasured: answers.flatMap((a) => ('reason' in a ? [a] : [])),
  };
}

function profilerOn(taskQueue: string): ProfileActivities['profileModels'] {
  return proxyActivities<ProfileActivities>({
    taskQueue,
    startToCloseTimeout: '30 minutes',
    // It may measure for other builds first; one that was there a minute ago may be gone, and a
    // build does not wait long for it.
    scheduleToStartTimeout: '10 minutes',
    heartbeatTimeout: '20 seconds',
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    retry: { maximumAttempts: 3 },
    summary: 'measure latency, throughput, start and memory of every form',
  }).profileModels;
}
