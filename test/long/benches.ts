import type { LongEntry } from './entry.ts';
import { runProgram } from './run-program.ts';

interface Bench {
  readonly name: string;
  readonly summary: string;
  readonly leastSeconds: number;
  /** Arguments of the bench for this much time. */
  readonly args: (seconds: number) => readonly string[];
}

const bench = ({ name, summary, leastSeconds, args }: Bench): LongEntry => ({
  name: `bench-${name}`,
  summary,
  leastSeconds,
  run: ({ seconds, log }) => runProgram([`bench/${name}.ts`, ...args(seconds)], { log }),
});

const between = (least: number, value: number, most: number): string =>
  String(Math.round(Math.min(most, Math.max(least, value))));

/** The benches of bench/, sized by the time; they measure, so the seed changes nothing. */
export const benches: readonly LongEntry[] = [
  bench({
    name: 'registry',
    summary: 'how fast the registry answers over many versions',
    leastSeconds: 6,
    args: (seconds) => [
      '--versions',
      between(200, 60 * seconds, 10_000),
      '--rounds',
      between(5, seconds, 40),
    ],
  }),
  bench({
    name: 'iot-hub',
    summary: 'how fast the hub stand-in serves devices',
    leastSeconds: 5,
    args: (seconds) => [
      ...['--devices', between(100, 20 * seconds, 2000), '--connections', between(20, 4 * seconds, 200)],
      ...['--messages', between(5, seconds, 20)],
    ],
  }),
  bench({
    name: 'build-overhead',
    summary: 'what orchestration costs a build',
    leastSeconds: 120,
    args: (seconds) => ['--runs', between(1, seconds / 60, 5)],
  }),
];
