/**
 * Doubled work may cost at most so many times the CPU time; a limit in seconds would judge the
 * machine instead.
 */
export const LINEAR = 2.5;

const RUNS = 5;

async function leastCpu(work: () => unknown): Promise<number> {
  await work(); // compiled and cached from here on
  let least = Infinity;
  for (let run = 0; run < RUNS; run += 1) {
    const before = process.cpuUsage();
    await work();
    const { user, system } = process.cpuUsage(before);
    least = Math.min(least, user + system);
  }
  return least;
}

/**
 * CPU time of all threads for `work`, divided by that for `other`; the least of several runs of
 * each counts.
 */
export async function cpuRatio(work: () => unknown, other: () => unknown): Promise<number> {
  return (await leastCpu(work)) / (await leastCpu(other));
}

/** How many times the CPU time the work costs on inputs of twice the size. */
export function cpuGrowth(work: (size: number) => unknown, size: number): Promise<number> {
  return cpuRatio(
    () => work(2 * size),
    () => work(size),
  );
}
