import type { GateResult } from '../../contracts/gate.ts';
import type { ProjectSpec } from '../../contracts/project/project.ts';
import type { ModelBehaviour } from '../../contracts/model/model-behaviour.ts';
import { goldenGates, noGoldenGates, QUALITY_TOLERANCE, type Parity } from './golden-gates.ts';
import { invalidInputGate } from './invalid-input-gate.ts';
import { atMost, gate, round } from '../gates/build.ts';

/** Smallest standard deviation of scores that counts as looking at the data. */
const MIN_SPREAD = 1e-3;

function spreadGate({ golden, spread, rows }: ModelBehaviour): GateResult {
  const ok = spread >= MIN_SPREAD;
  // Drawn rows are like no pump's: a sound model may well call all of them the same.
  const excused = golden === null && Number.isFinite(spread);
  return gate('not-constant', ok ? 'pass' : excused ? 'warn' : 'fail', {
    observed: Number.isFinite(spread) ? round(spread) : String(spread),
    threshold: MIN_SPREAD,
    n: rows,
    reason: ok
      ? 'the scores depend on the data'
      : golden === null
        ? 'rows drawn from the ranges all get (nearly) the same score'
        : 'the model gives (nearly) the same score to every row',
  });
}

function costGates(b: ModelBehaviour, { gates }: Pick<ProjectSpec, 'gates'>): GateResult[] {
  return [
    atMost('latency-p99', {
      observed: b.latency.p99,
      max: gates.maxLatencyP99Ms,
      evidence: { p50Ms: round(b.latency.p50), p99Ms: round(b.latency.p99) },
      n: b.latency.n,
      good: `one row takes ${round(b.latency.p50)} ms at the median, one thread`,
      bad: `one row takes more than ${gates.maxLatencyP99Ms} ms in one of a hundred calls`,
    }),
    atMost('start-time', {
      observed: b.startMs,
      max: gates.maxStartMs,
      n: 1,
      good: `ready ${round(b.startMs)} ms after the file is opened`,
      bad: `opening the model takes more than ${gates.maxStartMs} ms`,
    }),
    atMost('peak-memory', {
      observed: b.memory.peakMb,
      max: gates.maxMemoryMb,
      evidence: { ...b.memory },
      n: 1,
      good: `MB of the whole process; opening the model took ${b.memory.sessionMb}`,
      bad: `the process takes more than ${gates.maxMemoryMb} MB`,
    }),
  ];
}

/**
 * Gates on what a model did with its golden rows, with probes and against the clock. With parity
 * "quality" (a quantised candidate) the distance from the training framework is stated and the
 * quality gates decide.
 */
export function behaviourGates(
  b: ModelBehaviour,
  spec: Pick<ProjectSpec, 'gates'> & { readonly threshold: number },
  parity: Parity = 'strict',
): GateResult[] {
  const which = b.golden === null ? 'drawn rows' : 'golden rows';
  const invariance = parity === 'strict' ? spec.gates.parityTolerance : QUALITY_TOLERANCE;
  return [
    ...(b.golden === null ? noGoldenGates() : goldenGates(b, b.golden, { ...spec, parity })),
    atMost('finite-outputs', {
      observed: b.nonFinite + b.probes.nonFinite,
      max: 0,
      n: b.rows + b.probes.rows,
      good: 'every output is finite, also at the ends of the ranges and with sensors that stand still',
      bad: `${b.nonFinite} of ${b.rows} ${which} and ${b.probes.nonFinite} of ${b.probes.rows} probes gave NaN or infinity`,
    }),
    atMost('probability-range', {
      observed: b.outOfRange,
      max: 0,
      n: b.rows,
      good: 'every output is between 0 and 1',
      bad: `${b.outOfRange} outputs are not between 0 and 1: no probability`,
    }),
    atMost('repeatable', {
      observed: b.repeat.differing,
      max: 0,
      n: b.repeat.rows,
      good: `${b.repeat.runs} runs, one in a fresh session, give the same bits`,
      bad: `${b.repeat.differing} of ${b.repeat.rows} rows score differently when the same rows are scored again`,
    }),
    atMost('batch-invariance', {
      observed: b.batch.maxAbsDiff,
      max: invariance,
      n: b.batch.rows,
      good: 'a row alone scores as it does in a batch',
      bad: 'a row scores differently alone than in a batch',
    }),
    invalidInputGate(b.invalidInputs),
    spreadGate(b),
    ...costGates(b, spec),
  ];
}
