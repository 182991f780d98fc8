/**
 * CPU time per call of the distribution functions: node bench/distributions.ts. Arguments are those
 * of test/fixtures/statistics/distributions.json, far tails too; binomial ones by number of trials.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { binomialHalfCdf, normalCdf, normalQuantile } from '../src/domain/statistics/distributions.ts';

type Rows = readonly (readonly number[])[];
const rows = JSON.parse(
  readFileSync(join(import.meta.dirname, '../test/fixtures/statistics/distributions.json'), 'utf8'),
) as Record<'normalCdf' | 'normalQuantile' | 'binomialHalfCdf', Rows>;

function measure(name: string, own: Rows, f: (a: number, b: number) => number): void {
  const rounds = Math.ceil(20_000 / own.length);
  const start = process.cpuUsage();
  for (let round = 0; round < rounds; round += 1) for (const [a, b] of own) f(a as number, b as number);
  const { user, system } = process.cpuUsage(start);
  console.log(`${name}: ${((user + system) / (rounds * own.length)).toFixed(2)} µs`);
}

measure('normalCdf', rows.normalCdf, normalCdf);
measure('normalQuantile', rows.normalQuantile, normalQuantile);
for (const trials of [100, 10_000]) {
  const own = rows.binomialHalfCdf.filter(([, n]) => n === trials);
  measure(`binomialHalfCdf of ${trials} trials`, own, binomialHalfCdf);
}
