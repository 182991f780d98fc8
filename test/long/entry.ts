/**
 * What a run of the long tier is given: the seed decides every random choice, and it ends about
 * `seconds` after it began.
 */
export interface LongRun {
  readonly seed: number;
  readonly seconds: number;
  readonly log: (line: string) => void;
}

/** A simulation, property run, corpus or bench that may last as long as one likes. */
export interface LongEntry {
  readonly name: string;
  readonly summary: string;
  /** Shorter than this it shows nothing: a sample with less time leaves it out, and says so. */
  readonly leastSeconds: number;
  /** Throws when something is wrong; says what it counted. */
  run(run: LongRun): Promise<void>;
}

/** Repeats `work` until the time is over, at least once; gives how often. `work` gets 0, 1, 2, … */
export async function untilTimeIsOver(
  seconds: number,
  work: (round: number) => Promise<void> | void,
): Promise<number> {
  const end = performance.now() + seconds * 1000;
  let round = 0;
  do {
    await work(round);
    round += 1;
  } while (performance.now() < end);
  return round;
}
