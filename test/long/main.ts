/**
 * The tests that may last: npm run long -- NAME [--seed S] [--seconds N] runs one, npm run long
 * lists them, and npm run long -- --sample N [--seed S] runs a piece of each in N seconds
 * altogether.
 */
import { inspect, parseArgs } from 'node:util';
import { closeRunFolder, openRunFolder } from '../support/run-folder.ts';
import { ENTRIES } from './entries.ts';
import type { LongEntry } from './entry.ts';

const DEFAULT_SECONDS = '60';
const text = { type: 'string' } as const;
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { seed: text, seconds: { ...text, default: DEFAULT_SECONDS }, sample: text },
});
const say = (line: string): boolean => process.stdout.write(`${line}\n`);

function number(name: string, value: string): number {
  const parsed = Number(value);
  if (Number.isFinite(parsed) && parsed >= 0) return parsed;
  throw new Error(`--${name}: expected a number, found ${value}`);
}

/** Runs one and tells how it went; false when it failed. */
async function run(entry: LongEntry, seed: number, seconds: number): Promise<boolean> {
  say(`${entry.name}: seed ${seed}, ${Math.round(seconds)} s`);
  const began = performance.now();
  const took = (): string => `${((performance.now() - began) / 1000).toFixed(1)} s`;
  try {
    await entry.run({ seed, seconds, log: (line) => say(`  ${line}`) });
    say(`${entry.name}: well after ${took()}`);
    return true;
  } catch (error) {
    say(`${entry.name}: FAILED after ${took()}: ${inspect(error)}`);
    say(`  again: npm run long -- ${entry.name} --seed ${seed} --seconds ${Math.round(seconds)}`);
    return false;
  }
}

const leastOf = (entries: readonly LongEntry[]): number =>
  entries.reduce((sum, entry) => sum + entry.leastSeconds, 0);

/**
 * As many as fit with their least time, the modest first; what is left of the time is shared among
 * those still to come.
 */
async function sample(total: number, seed: number): Promise<number> {
  const end = performance.now() + total * 1000;
  const modest = ENTRIES.toSorted((a, b) => a.leastSeconds - b.leastSeconds);
  const fit = modest.filter((_, i) => leastOf(modest.slice(0, i + 1)) <= total);
  for (const entry of modest.slice(fit.length))
    say(`${entry.name}: left out, it needs ${entry.leastSeconds} s`);
  let failed = 0;
  for (const [i, entry] of fit.entries()) {
    const spare = (end - performance.now()) / 1000 - leastOf(fit.slice(i));
    const seconds = entry.leastSeconds + Math.max(0, spare / (fit.length - i));
    if (!(await run(entry, seed, seconds))) failed += 1;
  }
  say(`long sample: ${fit.length - failed} passed, ${failed} failed`);
  return failed;
}

async function main(): Promise<number> {
  const [name, ...more] = positionals;
  const seed = number('seed', values.seed ?? String(Math.floor(Math.random() * 2 ** 31)));
  if (values.sample !== undefined) return sample(number('sample', values.sample), seed);
  const entry = ENTRIES.find((e) => e.name === name);
  if (entry !== undefined && more.length === 0)
    return (await run(entry, seed, number('seconds', values.seconds))) ? 0 : 1;
  if (name !== undefined) say(`There is no ${positionals.join(' ')}; there are:`);
  for (const { name: known, summary } of ENTRIES) say(`${known.padEnd(22)} ${summary}`);
  return name === undefined ? 0 : 2;
}

await openRunFolder();
try {
  process.exitCode = Math.min(2, await main());
} finally {
  await closeRunFolder();
}
