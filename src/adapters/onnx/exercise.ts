import { WindlassError } from '../../errors/windlass-error.ts';
import type { ModelBehaviour, ModelExpectation } from '../../ports/model-runtime.ts';
import type { Golden } from './golden-file.ts';
import type { Batch, ScoringSession } from './session.ts';

const BATCH = 256;
const SINGLE_ROWS = 64;
const WARM_UP = 50;
const LATENCY_RUNS = 300;
const LATENCY_ROUNDS = 3;

function slice(golden: Golden, start: number, n: number): Batch {
  const part = (all: Float32Array): Float32Array => {
    const each = golden.rows === 0 ? 0 : all.length / golden.rows;
    return all.slice(start * each, (start + n) * each);
  };
  return { n, window: part(golden.window), calibration: mapTensors(golden.calibration, part) };
}

function mapTensors(
  tensors: Batch['calibration'],
  change: (values: Float32Array) => Float32Array,
): Batch['calibration'] {
  return Object.fromEntries(Object.entries(tensors).map(([name, values]) => [name, change(values)]));
}

const notFinite = (values: Float32Array): number =>
  values.reduce((n, v) => n + (Number.isFinite(v) ? 0 : 1), 0);

/** Rows that a working sensor can send but a training set may not hold: range ends, everything still, one column at an end. */
function probes(golden: Golden, expect: ModelExpectation): Batch {
  const width = expect.columns.length;
  const calm = slice(golden, 0, 1);
  const still = (pick: (c: number) => number): number[] =>
    Array.from({ length: expect.window * width }, (_, i) => pick(i % width));
  const typical = (c: number): number =>
    calm.window.reduce((sum, v, i) => sum + (i % width === c ? v : 0), 0) / expect.window;
  const rows = [
    still(typical),
    still((c) => expect.columns[c]?.min ?? 0),
    still((c) => expect.columns[c]?.max ?? 0),
    ...expect.columns.flatMap((column, c) => [
      still((k) => (k === c ? column.min : typical(k))),
      still((k) => (k === c ? column.max : typical(k))),
    ]),
  ];
  const repeat = (one: Float32Array): Float32Array => Float32Array.from(rows.flatMap(() => Array.from(one)));
  return {
    n: rows.length,
    window: Float32Array.from(rows.flat()),
    calibration: mapTensors(calm.calibration, repeat),
  };
}

function percentile(sorted: readonly number[], q: number): number {
  return sorted[Math.min(sorted.length - 1, Math.ceil(q * sorted.length) - 1)] ?? Number.NaN;
}

async function latencyRound(session: ScoringSession, golden: Golden): Promise<ModelBehaviour['latency']> {
  const times: number[] = [];
  for (let i = 0; i < WARM_UP + LATENCY_RUNS; i += 1) {
    const row = slice(golden, i % golden.rows, 1);
    const start = performance.now();
    await session.run(row);
    if (i >= WARM_UP) times.push(performance.now() - start);
  }
  times.sort((a, b) => a - b);
  return { n: times.length, p50: percentile(times, 0.5), p99: percentile(times, 0.99) };
}

/** The calmest of three rounds: other work on this machine only ever adds to a round. */
async function latency(session: ScoringSession, golden: Golden): Promise<ModelBehaviour['latency']> {
  const rounds: ModelBehaviour['latency'][] = [];
  for (let i = 0; i < LATENCY_ROUNDS; i += 1) rounds.push(await latencyRound(session, golden));
  return rounds.reduce((best, round) => (round.p99 < best.p99 ? round : best));
}

/** Runs a model on its golden rows in batches and one by one, on probes, and against the clock. */
export async function exercise(
  session: ScoringSession,
  golden: Golden,
  expect: ModelExpectation,
): Promise<ModelBehaviour> {
  if (golden.rows === 0) throw new WindlassError('MODEL_INVALID', 'golden.json holds no row.');
  const scores = new Float32Array(golden.rows);
  let outputShape: readonly number[] = [];
  for (let start = 0; start < golden.rows; start += BATCH) {
    const n = Math.min(BATCH, golden.rows - start);
    const result = await session.run(slice(golden, start, n));
    outputShape = result.shape;
    scores.set(result.scores, start);
  }
  let maxAbsDiff = 0;
  let worstRow = 0;
  let labelFlips = 0;
  scores.forEach((score, i) => {
    const expected = golden.expected[i] ?? Number.NaN;
    const diff = Math.abs(score - expected);
    if (diff > maxAbsDiff) {
      maxAbsDiff = diff;
      worstRow = i;
    }
    if (score >= expect.threshold !== expected >= expect.threshold) labelFlips += 1;
  });
  const singles = Math.min(SINGLE_ROWS, golden.rows);
  let batchDiff = 0;
  for (let i = 0; i < singles; i += 1) {
    const { scores: alone } = await session.run(slice(golden, i, 1));
    batchDiff = Math.max(batchDiff, Math.abs((alone[0] ?? Number.NaN) - (scores[i] ?? Number.NaN)));
  }
  const probed = probes(golden, expect);
  const probeScores = (await session.run(probed)).scores;
  const mean = scores.reduce((a, b) => a + b, 0) / scores.length;
  return {
    golden: {
      rows: golden.rows,
      nonFiniteInputs: [golden.window, ...Object.values(golden.calibration)].reduce(
        (sum, values) => sum + notFinite(values),
        0,
      ),
      nonFiniteExpected: notFinite(golden.expected),
    },
    outputShape,
    nonFinite: notFinite(scores),
    outOfRange: scores.reduce((n, p) => n + (p < 0 || p > 1 ? 1 : 0), 0),
    maxAbsDiff,
    worstRow,
    labelFlips,
    spread: Math.sqrt(scores.reduce((a, p) => a + (p - mean) ** 2, 0) / scores.length),
    batch: { rows: singles, maxAbsDiff: batchDiff },
    probes: { rows: probed.n, nonFinite: notFinite(probeScores) },
    latency: await latency(session, golden),
  };
}
