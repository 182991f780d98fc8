import { ApplicationFailure, isCancellation } from '@temporalio/workflow';
import type { EvaluateRequest } from '../../activities/evaluation/evaluate.ts';
import type { JudgedEvaluation } from '../../activities/evaluation/evaluation-activities.ts';
import type { JudgedModel } from '../../activities/model-gates/model-gate-activities.ts';
import type { CandidateArtefacts } from '../../activities/optimisation/make-candidate.ts';
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
import type { ModelArtefacts } from '../../src/contracts/model/model-artefacts.ts';
import type { ProjectSpec } from '../../src/contracts/project/project.ts';
import type { StepOutput } from '../../src/contracts/progress.ts';
import { promotable } from '../../src/domain/comparison/verdict.ts';
import { QUALITY_TOLERANCE } from '../../src/domain/model-gates/golden-gates.ts';
import { chooseVariant } from '../../src/domain/optimisation/choose-variant.ts';
import { optimisationPlan } from '../../src/domain/optimisation/plan.ts';
import { failureText, rootFailure, type Steps } from '../shared/steps.ts';
import * as activity from './build-activities.ts';
import { profileEverywhere, type Measured } from './profile-everywhere.ts';

/** One form of the trained model with everything that was found out about it. */
export interface JudgedVariant extends ModelArtefacts {
  readonly variant: Variant;
  readonly judged: JudgedModel;
  readonly evaluation: JudgedEvaluation;
}

export interface OptimiseRequest extends Omit<EvaluateRequest, 'folds'> {
  readonly original: JudgedVariant;
  readonly options: OptimiseOptions | undefined;
  readonly reuse: boolean;
}

/** The form that is registered. */
export interface KeptVariant extends JudgedVariant {
  readonly profiles: readonly ModelProfile[];
  readonly result?: OptimisationResult;
  readonly record?: OptimisationRecord;
}

/** What became of one candidate. */
type Candidate = Pick<VariantResult, 'variant' | 'status' | 'reason'> & {
  readonly made?: CandidateArtefacts;
  /** Only a model that passed its own gates is measured. */
  readonly runs?: boolean;
  readonly judged?: JudgedVariant;
  readonly f1?: number;
  readonly loss?: Pick<VariantResult, 'difference' | 'interval'>;
};

/**
 * Tries the cheaper forms of a model that windlass.yaml names, measures all on every platform that
 * some worker has, and keeps the one that gains enough and passes what the original passes; without
 * any the model stays as it was trained.
 */
export async function optimiseModel(steps: Steps<BuildStep>, request: OptimiseRequest): Promise<KeptVariant> {
  const { original, spec } = request;
  const plan = optimisationPlan(spec.optimise, request.options);
  if (plan.candidates.length === 0) {
    steps.skip('optimise', 'no other form of the model is asked for');
    return { ...original, profiles: original.judged.profiles };
  }
  return steps.run('optimise', async (): Promise<StepOutput<KeptVariant>> => {
    const startedAt = Date.now();
    const candidates: Candidate[] = [];
    for (const kind of plan.candidates) {
      steps.note('optimise', `${kind}: making and judging it`);
      candidates.push(await tryCandidate(kind, request));
    }
    const running = candidates.flatMap(({ variant, made, runs }) =>
      made === undefined || runs !== true ? [] : [{ variant, onnx: made.onnx }],
    );
    const { measured, unmeasured } = await profileEverywhere(steps, [original, ...running], {
      golden: original.golden,
      spec,
      reuse: request.reuse,
    });
    const first = variantResult(originalAsCandidate(original), measured);
    const others = candidates.map((candidate) => variantResult(candidate, measured));
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
    const model = candidates.find((c) => c.variant === kept)?.judged ?? original;
    // What is registered is what was judged.
    steps.addGates([...model.judged.gates, ...model.evaluation.gates]);
    const record: OptimisationRecord = {
      kept,
      from: original.onnx.digest,
      report: await activity.keepOptimisation(result),
      parityTolerance: isMeantToDiffer(kept) ? QUALITY_TOLERANCE : undefined,
    };
    const golden = await goldenOf(kept, model, spec);
    const value = { ...model, golden, profiles: profilesOf(kept, measured), result, record };
    return { value, message: `${kept} is kept: ${reason}` };
  });
}

function originalAsCandidate(original: JudgedVariant): Candidate {
  return {
    variant: 'original',
    status: 'passed',
    reason: 'as it was trained',
    made: original,
    f1: original.evaluation.metrics.f1,
  };
}

/** One line of the table of an optimisation. */
function variantResult(candidate: Candidate, measured: readonly Measured[]): VariantResult {
  const { variant, made, f1, loss } = candidate;
  const { status, reason } = notRunning(measured, variant) ?? candidate;
  return {
    variant,
    status,
    reason,
    digest: made?.onnx.digest ?? null,
    bytes: made?.onnx.size ?? null,
    f1: f1 ?? null,
    difference: loss?.difference ?? null,
    interval: loss?.interval ?? null,
    profiles: profilesOf(variant, measured),
  };
}

function profilesOf(variant: Variant, measured: readonly Measured[]): ModelProfile[] {
  return measured.flatMap((m) => (m.variant === variant && 'profile' in m ? [m.profile] : []));
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
  { onnx, golden }: Pick<ModelArtefacts, 'onnx' | 'golden'>,
  spec: ProjectSpec,
): Promise<ArtefactRef> {
  return isMeantToDiffer(variant) ? activity.keepOwnGolden({ onnx, golden, spec }) : golden;
}

/**
 * Makes, judges and evaluates one form as a trained model is; what stands in its way is a result.
 */
async function tryCandidate(kind: Optimisation, request: OptimiseRequest): Promise<Candidate> {
  const { original, spec, seed, reuse, bundle, data } = request;
  let made: CandidateArtefacts | undefined;
  let runs = false;
  try {
    const { onnx, golden, folds } = original;
    made = (await activity.makeCandidate({ kind, onnx, folds, spec, bundle, reuse })).value;
    const parity = isMeantToDiffer(kind) ? 'quality' : 'strict';
    const { value: judged } = await activity.checkModel({ ...made, golden, spec, parity, reuse });
    runs = true;
    const scored = { folds: made.folds, spec, bundle, data, seed, reuse };
    const { value: evaluation } = await activity.evaluateModel(scored);
    const { verdict, reason, difference, interval } = await activity.compareCandidate({
      original: original.evaluation.scores,
      candidate: evaluation.scores,
      spec,
      seed,
    });
    const found = { variant: kind, made, runs, f1: evaluation.metrics.f1, loss: { difference, interval } };
    if (!promotable(verdict)) return { ...found, status: 'refused', reason: `${verdict}: ${reason}` };
    const passed = { variant: kind, ...made, golden, judged, evaluation };
    return { ...found, status: 'passed', reason: 'passes the gates of the original', judged: passed };
  } catch (error) {
    const failure = rootFailure(error);
    if (isCancellation(failure)) throw failure;
    const refused = failure instanceof ApplicationFailure && failure.type === 'GATE_FAILED';
    const status = refused ? 'refused' : 'failed';
    return { variant: kind, status, reason: failureText(failure), made, runs };
  }
}
