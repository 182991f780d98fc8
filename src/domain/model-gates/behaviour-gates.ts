import type { GateResult } from '../../contracts/gate.ts';
import type { ProjectSpec } from '../../contracts/project.ts';
import type { ModelBehaviour } from '../../ports/model-runtime.ts';

export const MIN_GOLDEN_ROWS = 1000;
/** Share of golden rows whose alarm may differ: only those that lie on the threshold. */
const MAX_FLIP_SHARE = 0.001;
/** Smallest standard deviation of scores that counts as looking at the data. */
const MIN_SPREAD = 1e-3;

const round = (value: number): number => Number(value.toPrecision(4));

interface Limit {
  readonly name: string;
  readonly observed: number;
  /** Largest value that passes. */
  readonly max: number;
  readonly n: number;
  readonly good: string;
  readonly bad: string;
}

function atMost({ name, observed, max, n, good, bad }: Limit): GateResult {
  // A value that is not a number passes nothing.
  const ok = observed <= max;
  return {
    name,
    status: ok ? 'pass' : 'fail',
    observed: Number.isFinite(observed) ? round(observed) : String(observed),
    threshold: max,
    n,
    reason: ok ? good : bad,
  };
}

/** Gates on what a model did with its golden rows, with probes and against the clock. */
export function behaviourGates(b: ModelBehaviour, spec: Pick<ProjectSpec, 'gates' | 'model'>): GateResult[] {
  const { rows } = b.golden;
  const badGolden = b.golden.nonFiniteExpected + b.golden.nonFiniteInputs;
  const { parityTolerance, maxLatencyP99Ms } = spec.gates;
  return [
    {
      name: 'golden-rows',
      status: rows >= MIN_GOLDEN_ROWS ? 'pass' : 'insufficient',
      observed: rows,
      threshold: MIN_GOLDEN_ROWS,
      n: rows,
      reason:
        rows >= MIN_GOLDEN_ROWS
          ? `${rows} rows with the training framework's own predictions`
          : `golden.json has ${rows} rows, at least ${MIN_GOLDEN_ROWS} are needed`,
    },
    atMost({
      name: 'golden-finite',
      observed: badGolden,
      max: 0,
      n: rows,
      good: 'inputs and predictions of the training framework are finite',
      bad: `${b.golden.nonFiniteExpected} predictions and ${b.golden.nonFiniteInputs} inputs in golden.json are NaN or infinite`,
    }),
    atMost({
      name: 'finite-outputs',
      observed: b.nonFinite + b.probes.nonFinite,
      max: 0,
      n: rows + b.probes.rows,
      good: 'every output is finite, also at the ends of the ranges and with sensors that stand still',
      bad: `${b.nonFinite} of ${rows} golden rows and ${b.probes.nonFinite} of ${b.probes.rows} probes gave NaN or infinity`,
    }),
    atMost({
      name: 'probability-range',
      observed: b.outOfRange,
      max: 0,
      n: rows,
      good: 'every output is between 0 and 1',
      bad: `${b.outOfRange} outputs are not between 0 and 1: no probability`,
    }),
    atMost({
      name: 'golden-parity',
      observed: b.nonFinite + b.golden.nonFiniteExpected > 0 ? Number.NaN : b.maxAbsDiff,
      max: parityTolerance,
      n: rows,
      good: 'the ONNX model predicts what the training framework predicted',
      bad: `the ONNX model differs from the training framework, most in golden row ${b.worstRow}`,
    }),
    atMost({
      name: 'label-flips',
      observed: b.labelFlips / rows,
      max: MAX_FLIP_SHARE,
      n: rows,
      good: `${b.labelFlips} golden rows change sides of the threshold ${spec.model.threshold}`,
      bad: `${b.labelFlips} of ${rows} golden rows change sides of the threshold ${spec.model.threshold}`,
    }),
    atMost({
      name: 'batch-invariance',
      observed: b.batch.maxAbsDiff,
      max: parityTolerance,
      n: b.batch.rows,
      good: 'a row alone scores as it does in a batch',
      bad: 'a row scores differently alone than in a batch',
    }),
    {
      name: 'not-constant',
      status: b.spread >= MIN_SPREAD ? 'pass' : 'fail',
      observed: Number.isFinite(b.spread) ? round(b.spread) : String(b.spread),
      threshold: MIN_SPREAD,
      n: rows,
      reason:
        b.spread >= MIN_SPREAD
          ? 'the scores depend on the data'
          : 'the model gives (nearly) the same score to every row',
    },
    {
      ...atMost({
        name: 'latency-p99',
        observed: b.latency.p99,
        max: maxLatencyP99Ms,
        n: b.latency.n,
        good: `one row takes ${round(b.latency.p50)} ms at the median, one thread`,
        bad: `one row takes more than ${maxLatencyP99Ms} ms in one of a hundred calls`,
      }),
      evidence: { p50Ms: round(b.latency.p50), p99Ms: round(b.latency.p99) },
    },
  ];
}
