import type { GateResult } from '../../contracts/gate.ts';
import type { ProjectSpec } from '../../contracts/project/project.ts';
import type { ModelBehaviour } from '../../contracts/model/model-behaviour.ts';
import { atMost, gate, round } from '../gates/build.ts';

export const MIN_GOLDEN_ROWS = 1000;
/** Share of golden rows whose alarm may differ: only those that lie on the threshold. */
const MAX_FLIP_SHARE = 0.001;

/**
 * "quality": a candidate that is meant to differ (quantised); the quality gates judge how much that
 * costs. "own": such a model later, with golden rows of its own predictions.
 */
export type Parity = 'strict' | 'quality' | 'own';

/**
 * How far a score of a quantised or half-precision model may move between processors, each of which
 * has kernels of its own for it.
 */
export const QUALITY_TOLERANCE = 0.02;

type Golden = NonNullable<ModelBehaviour['golden']>;
type Context = Pick<ProjectSpec, 'gates'> & { readonly threshold: number; readonly parity: Parity };

function rowsGate({ rows }: Golden): GateResult {
  const ok = rows >= MIN_GOLDEN_ROWS;
  return gate('golden-rows', ok ? 'pass' : 'insufficient', {
    observed: rows,
    threshold: MIN_GOLDEN_ROWS,
    n: rows,
    reason: ok
      ? `${rows} rows with the training framework's own predictions`
      : `golden.json has ${rows} rows, at least ${MIN_GOLDEN_ROWS} are needed`,
  });
}

function stated(gate: GateResult): GateResult {
  return {
    ...gate,
    status: 'pass',
    threshold: 'quality gates',
    reason: 'meant to differ from the training framework: the quality gates decide',
  };
}

function flipGate({ rows, labelFlips, farthestFlip }: Golden, { gates, threshold }: Context): GateResult {
  const flips = atMost('label-flips', {
    observed: labelFlips / rows,
    max: MAX_FLIP_SHARE,
    n: rows,
    evidence: { labelFlips, farthestFlip: round(farthestFlip) },
    good: `${labelFlips} golden rows change sides of the threshold ${threshold}`,
    bad: `${labelFlips} of ${rows} golden rows change sides of the threshold ${threshold}`,
  });
  const far = farthestFlip > gates.parityTolerance;
  if (!far) return flips;
  const reason = `a golden row ${round(farthestFlip)} away from the threshold ${threshold} changes sides`;
  return { ...flips, status: 'fail', reason };
}

/**
 * Gates on golden rows: enough of them, finite, and the model predicts what the training framework
 * predicted.
 */
export function goldenGates(b: ModelBehaviour, golden: Golden, context: Context): GateResult[] {
  const { rows, nonFiniteExpected, nonFiniteInputs } = golden;
  const own = context.parity === 'own';
  const whose = own ? 'it predicted where it was made' : 'the training framework predicted';
  const parity = atMost('golden-parity', {
    observed: b.nonFinite + nonFiniteExpected > 0 ? Number.NaN : golden.maxAbsDiff,
    max: own ? QUALITY_TOLERANCE : context.gates.parityTolerance,
    n: rows,
    good: `the ONNX model predicts what ${whose}`,
    bad: `the ONNX model differs from what ${whose}, most in golden row ${golden.worstRow}`,
  });
  const flips = flipGate(golden, context);
  const quality = context.parity === 'quality';
  const strict = context.parity === 'strict';
  return [
    rowsGate(golden),
    atMost('golden-finite', {
      observed: nonFiniteExpected + nonFiniteInputs,
      max: 0,
      n: rows,
      good: 'inputs and predictions of the training framework are finite',
      bad: `${nonFiniteExpected} predictions and ${nonFiniteInputs} inputs in golden.json are NaN or infinite`,
    }),
    quality && typeof parity.observed === 'number' ? stated(parity) : parity,
    strict ? flips : stated(flips),
  ];
}

/** What cannot be judged of a model that came without golden rows. */
export function noGoldenGates(): GateResult[] {
  const reason = 'no golden rows were given: nothing says what the training framework predicted';
  return (
    [
      ['golden-rows', MIN_GOLDEN_ROWS],
      ['golden-parity', 'predictions of the training framework'],
      ['label-flips', MAX_FLIP_SHARE],
    ] as const
  ).map(([name, threshold]) => gate(name, 'insufficient', { observed: null, threshold, n: 0, reason }));
}
