import { WindlassError } from '../../errors/windlass-error.ts';
import type { ModelProfile } from '../../contracts/build/optimisation.ts';
import type { ModelBehaviour } from '../../contracts/model/model-behaviour.ts';
import type { ModelExpectation } from '../../contracts/model/model-expectation.ts';
import { BATCH, drawnRows, slice, withObservedRanges } from './batches.ts';
import type { Batch } from './batches.ts';
import type { Golden } from './golden-file.ts';
import { openMeasured } from './measure.ts';
import { probeInvalid, probeRanges } from './probe.ts';
import type { ScoringSession } from './session.ts';

const SINGLE_ROWS = 64;
const DRAWN_ROWS = 256;
const REPEATS = 3;

const notFinite = (values: Float32Array): number =>
  values.reduce((n, v) => n + (Number.isFinite(v) ? 0 : 1), 0);

async function scoreAll(session: ScoringSession, rows: Batch) {
  const scores = new Float32Array(rows.n);
  let shape: readonly number[] = [];
  for (let start = 0; start < rows.n; start += BATCH) {
    const result = await session.run(slice(rows, start, Math.min(BATCH, rows.n - start)));
    shape = result.shape;
    scores.set(result.scores, start);
  }
  return { scores, shape };
}

function compare(scores: Float32Array, golden: Golden, threshold: number): ModelBehaviour['golden'] {
  let [maxAbsDiff, worstRow, labelFlips, farthestFlip] = [0, 0, 0, 0];
  scores.forEach((score, i) => {
    const expected = golden.expected[i] ?? Number.NaN;
    const diff = Math.abs(score - expected);
    if (diff > maxAbsDiff) [maxAbsDiff, worstRow] = [diff, i];
    if (score >= threshold === expected >= threshold) return;
    labelFlips += 1;
    farthestFlip = Math.max(farthestFlip, Math.abs(expected - threshold));
  });
  return {
    rows: golden.rows,
    nonFiniteInputs: Object.values(golden.tensors).reduce((n, t) => n + notFinite(t.data), 0),
    nonFiniteExpected: notFinite(golden.expected),
    maxAbsDiff,
    worstRow,
    labelFlips,
    farthestFlip,
  };
}

/** Rows whose scores differ in any bit between runs in this session and one in a fresh session. */
async function repeat(
  sessions: { readonly session: ScoringSession; readonly reopen: () => Promise<ScoringSession> },
  rows: Batch,
): Promise<ModelBehaviour['repeat']> {
  const n = Math.min(BATCH, rows.n);
  const batch = slice(rows, 0, n);
  const fresh = await sessions.reopen();
  try {
    const runs: Uint32Array[] = [];
    for (const session of [sessions.session, sessions.session, fresh])
      runs.push(new Uint32Array((await session.run(batch)).scores.buffer));
    const [first = new Uint32Array(), ...others] = runs;
    const differing = [...first].filter((bits, i) => others.some((run) => run[i] !== bits)).length;
    return { runs: REPEATS, rows: n, differing };
  } finally {
    await fresh.close();
  }
}

async function batchInvariance(
  session: ScoringSession,
  rows: Batch,
  scores: Float32Array,
): Promise<ModelBehaviour['batch']> {
  const singles = Math.min(SINGLE_ROWS, rows.n);
  let maxAbsDiff = 0;
  for (let i = 0; i < singles; i += 1) {
    const { scores: alone } = await session.run(slice(rows, i, 1));
    maxAbsDiff = Math.max(maxAbsDiff, Math.abs((alone[0] ?? Number.NaN) - (scores[i] ?? Number.NaN)));
  }
  return { rows: singles, maxAbsDiff };
}

/** Golden rows, or without them rows that are drawn from the columns' ranges. */
function rowsOf(golden: Golden | undefined, expect: ModelExpectation): Batch {
  if (golden === undefined) return drawnRows(expect, DRAWN_ROWS);
  if (golden.rows === 0) throw new WindlassError('MODEL_INVALID', 'golden.json holds no row.');
  return { n: golden.rows, tensors: golden.tensors };
}

/** Measures a model on its golden rows, or on random rows where it has none. */
export async function profile(
  open: () => Promise<ScoringSession>,
  golden: Golden | undefined,
  expect: ModelExpectation,
): Promise<ModelProfile> {
  const { session, finish } = await openMeasured(open);
  try {
    return await finish(rowsOf(golden, expect));
  } finally {
    await session.close();
  }
}

/**
 * Runs a model on its golden rows (without them: on drawn rows) in batches and one by one, on
 * probes, several times over, and against the clock.
 */
export async function exercise(
  open: () => Promise<ScoringSession>,
  golden: Golden | undefined,
  asked: ModelExpectation,
): Promise<ModelBehaviour> {
  const rows = rowsOf(golden, asked);
  const expect = asked.observedRanges === true ? withObservedRanges(asked, rows) : asked;
  const { session, finish } = await openMeasured(open);
  try {
    const { scores, shape } = await scoreAll(session, rows);
    const mean = scores.reduce((a, b) => a + b, 0) / scores.length;
    return {
      golden: golden === undefined ? null : compare(scores, golden, expect.threshold),
      rows: rows.n,
      outputShape: shape,
      nonFinite: notFinite(scores),
      outOfRange: scores.reduce((n, p) => n + (p < 0 || p > 1 ? 1 : 0), 0),
      spread: Math.sqrt(scores.reduce((a, p) => a + (p - mean) ** 2, 0) / scores.length),
      repeat: await repeat({ session, reopen: open }, rows),
      batch: await batchInvariance(session, rows, scores),
      probes: await probeRanges(session, rows, expect),
      invalidInputs: await probeInvalid(session, rows, expect),
      ...(await finish(rows)),
    };
  } finally {
    await session.close();
  }
}
