import { cpus } from 'node:os';
import type { ModelProfile } from '../../contracts/build/optimisation.ts';
import { NATIVE_RUNTIME } from '../../domain/model-gates/target-runtimes.ts';
import { nearestRank } from '../../domain/statistics/quantiles.ts';
import { machinePlatform } from '../oci/platform.ts';
import { BATCH, slice } from './batches.ts';
import type { Batch } from './batches.ts';
import type { ScoringSession } from './session.ts';

const WARM_UP = 50;
const LATENCY_RUNS = 300;
const LATENCY_ROUNDS = 3;
/** A slow model is judged by fewer runs. */
const ROUND_MS = 4_000;
const MIN_RUNS = 20;
const THROUGHPUT_MS = 200;

type Latency = ModelProfile['latency'];

const megabytes = (bytes: number): number => Math.round(bytes / 1e5) / 10;

async function latencyRound(session: ScoringSession, rows: Batch): Promise<Latency> {
  const times: number[] = [];
  const began = performance.now();
  const late = (): boolean => performance.now() - began > ROUND_MS;
  for (let i = 0; times.length < LATENCY_RUNS && !(late() && times.length >= MIN_RUNS); i += 1) {
    const row = slice(rows, i % rows.n, 1);
    const start = performance.now();
    await session.run(row);
    if (i >= WARM_UP || late()) times.push(performance.now() - start);
  }
  times.sort((a, b) => a - b);
  return { n: times.length, p50: nearestRank(times, 0.5), p99: nearestRank(times, 0.99) };
}

/** The calmest of three rounds: other work on this machine only ever adds to a round. */
async function latency(session: ScoringSession, rows: Batch): Promise<Latency> {
  const rounds: Latency[] = [];
  for (let i = 0; i < LATENCY_ROUNDS; i += 1) rounds.push(await latencyRound(session, rows));
  return rounds.reduce((best, round) => (round.p99 < best.p99 ? round : best));
}

/** Rows per second of the quickest batch. */
async function rowsPerSecond(session: ScoringSession, rows: Batch): Promise<number> {
  const n = Math.min(BATCH, rows.n);
  const batch = slice(rows, 0, n);
  let quickest = Infinity;
  const end = performance.now() + THROUGHPUT_MS;
  do {
    const start = performance.now();
    await session.run(batch);
    quickest = Math.min(quickest, performance.now() - start);
  } while (performance.now() < end);
  return Math.round((1000 * n) / quickest);
}

/** Opens a model and gives what that took; `finish` adds what running it takes. */
export async function openMeasured(open: () => Promise<ScoringSession>): Promise<{
  readonly session: ScoringSession;
  readonly finish: (rows: Batch) => Promise<ModelProfile>;
}> {
  // Garbage of the golden rows would be counted for the model, or against it.
  globalThis.gc?.();
  const [before, began] = [process.memoryUsage.rss(), performance.now()];
  const session = await open();
  const startMs = performance.now() - began;
  const sessionMb = megabytes(Math.max(0, process.memoryUsage.rss() - before));
  return {
    session,
    finish: async (rows) => ({
      machine: thisMachine(),
      latency: await latency(session, rows),
      rowsPerSecond: await rowsPerSecond(session, rows),
      startMs,
      // maxRSS is in kilobytes.
      memory: { peakMb: megabytes(process.resourceUsage().maxRSS * 1024), sessionMb },
    }),
  };
}

/** What a profile that is measured here is of. */
export function thisMachine(): ModelProfile['machine'] {
  const { runtime, version } = NATIVE_RUNTIME;
  return {
    platform: machinePlatform(),
    runtime: `${runtime} ${version}`,
    processor: cpus()[0]?.model.trim() ?? process.arch,
  };
}
