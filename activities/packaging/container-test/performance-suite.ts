import type { GateResult } from '../../../src/contracts/gate.ts';
import { goldenCount, goldenSlice } from '../golden-rows.ts';
import { ask, inferBody, quantile, round } from './suite-tools.ts';
import type { Suite, TestSubject } from './suite-tools.ts';
import { gate } from '../../../src/domain/gates/build.ts';

const WARM_UP = 30;
const SEQUENTIAL = 300;
const ROUNDS = 3;
const PARALLEL = 4;
const PARALLEL_REQUESTS = 200;
const MIN_PER_SECOND = 20;
const MAX_START_MS = 15_000;
const MAX_MEMORY_BYTES = 384 * 1024 * 1024;
/**
 * The project's limit is for the model alone. A request also passes through HTTP, on a machine that
 * does other things and in a container whose processor time is metered in slices of 100 ms: above
 * the limit is a warning, far above it a failure.
 */
const MEDIAN_FACTOR = 5;
const TAIL_FACTOR = 10;
const TAIL_AT_LEAST_MS = 250;

/** Latency of single requests, throughput, start time and peak memory of the running server. */
export const performanceSuite: Suite = async (subject) => {
  const latency = await latencyGates(subject);
  const throughput = await throughputGate(subject);
  return [startTime(subject), ...latency, throughput, await memory(subject)];
};

function startTime({ instance }: TestSubject): GateResult {
  return gate('container.start-time', instance.startMs <= MAX_START_MS, {
    observed: Math.round(instance.startMs),
    threshold: MAX_START_MS,
    n: 1,
    reason: 'milliseconds from the start to the answer that it is ready',
  });
}

async function single(subject: TestSubject, row: number): Promise<number> {
  const { instance, manifest, golden } = subject;
  subject.signal?.throwIfAborted();
  const path = `/v2/models/${manifest.name}/infer`;
  const body = inferBody(goldenSlice(golden, row, row + 1));
  const { status, ms } = await ask(instance, { method: 'POST', path, body });
  return status === 200 ? ms : Number.POSITIVE_INFINITY;
}

/**
 * Other work on the machine can only make a request slower, so the best of up to three rounds is
 * the fairest measure; a further round is run only when the last was too slow.
 */
async function latencyGates(subject: TestSubject): Promise<GateResult[]> {
  const { golden, maxLatencyP99Ms: allowed } = subject;
  const rows = goldenCount(golden);
  for (let i = 0; i < WARM_UP; i++) await single(subject, i % rows);
  const rounds: Array<{ p50: number; p99: number }> = [];
  do {
    const times: number[] = [];
    for (let i = 0; i < SEQUENTIAL; i++) times.push(await single(subject, i % rows));
    rounds.push({ p50: quantile(times, 0.5), p99: quantile(times, 0.99) });
  } while (rounds.length < ROUNDS && (rounds.at(-1)?.p99 ?? 0) > allowed);
  const p50 = Math.min(...rounds.map((r) => r.p50));
  const p99 = Math.min(...rounds.map((r) => r.p99));
  const evidence = { rounds: rounds.map((r) => ({ p50: round(r.p50), p99: round(r.p99) })) };
  const n = SEQUENTIAL;
  const shown = (value: number): number | null => (Number.isFinite(value) ? round(value) : null);
  const limits = { median: allowed * MEDIAN_FACTOR, tail: Math.max(allowed * TAIL_FACTOR, TAIL_AT_LEAST_MS) };
  return [
    gate('container.latency-p50', p50 <= allowed ? 'pass' : p50 <= limits.median ? 'warn' : 'fail', {
      observed: shown(p50),
      threshold: allowed,
      n,
      evidence,
      reason: Number.isFinite(p50)
        ? `milliseconds of the middle request, one row, one after the other; above ${allowed} a warning, above ${limits.median} a failure`
        : 'most requests failed',
    }),
    gate('container.latency-p99', p99 <= allowed ? 'pass' : p99 <= limits.tail ? 'warn' : 'fail', {
      observed: shown(p99),
      threshold: allowed,
      n,
      evidence,
      reason: Number.isFinite(p99)
        ? `milliseconds of the slowest 1 %, best of ${rounds.length} rounds; above ${allowed} a warning, above ${limits.tail} a failure`
        : 'more than 1 % of the requests failed',
    }),
  ];
}

async function throughputGate(subject: TestSubject): Promise<GateResult> {
  const rows = goldenCount(subject.golden);
  let next = 0;
  let failed = 0;
  const began = performance.now();
  const client = async (): Promise<void> => {
    while (next < PARALLEL_REQUESTS) {
      const ms = await single(subject, next++ % rows);
      if (!Number.isFinite(ms)) failed += 1;
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, client));
  const perSecond = PARALLEL_REQUESTS / ((performance.now() - began) / 1000);
  return gate('container.throughput', failed === 0 && perSecond >= MIN_PER_SECOND, {
    observed: round(perSecond),
    threshold: MIN_PER_SECOND,
    n: PARALLEL_REQUESTS,
    reason:
      failed === 0
        ? `requests per second, ${PARALLEL} at a time`
        : `${failed} of ${PARALLEL_REQUESTS} requests failed`,
  });
}

async function memory({ instance }: TestSubject): Promise<GateResult> {
  const peak = await instance.memoryPeakBytes();
  return gate('container.memory-peak', peak === null ? 'warn' : peak <= MAX_MEMORY_BYTES, {
    observed: peak,
    threshold: MAX_MEMORY_BYTES,
    n: peak === null ? 0 : 1,
    reason:
      peak === null ? 'this system does not tell' : 'peak resident bytes of the server, after all requests',
  });
}
