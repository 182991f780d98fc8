import { loadavg } from 'node:os';
import { cpuSeconds } from './cpu-time.ts';

/**
 * Where a run of jest spends its time. Read by the reporter when all is over; jest's configuration
 * loads it first.
 */
const loadBefore = loadavg()[0] ?? 0;
const phases: string[] = [];
let elsewhere = 0;

/** Does a part of the run under a name that the summary shows. */
export async function phase<T>(name: string, work: () => Promise<T>): Promise<T> {
  const began = performance.now();
  try {
    return await work();
  } finally {
    addPhase(name, began);
  }
}

/** Notes a part of the run that began at `began` (performance.now()) and ends now. */
export function addPhase(name: string, began: number): void {
  phases.push(`${name} ${((performance.now() - began) / 1000).toFixed(1)} s`);
}

/** Adds CPU seconds of processes that are nobody's children any more. */
export function addCpu(seconds: number): void {
  elsewhere += seconds;
}

/** One line for people: load before, each phase, wall and CPU time of the whole process tree. */
export function runTimes(): string {
  const wall = (performance.now() / 1000).toFixed(0);
  const cpu = (cpuSeconds() + elsewhere).toFixed(0);
  return `Load before ${loadBefore.toFixed(2)}; ${phases.join(', ')}; wall ${wall} s, CPU ${cpu} s.`;
}
