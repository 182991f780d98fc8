import type { GateResult } from '../../contracts/gate.ts';
import type { MergedWindows } from './merge-windows.ts';
import { gate } from '../gates/build.ts';

const LIMITS = { missing: 0.1, outOfRange: 0.02, stuck: 0.2, invalid: 0.2 } as const;

function shareGate(
  name: string,
  { bad, total }: { bad: Record<string, number>; total: Record<string, number> },
  limit: number,
): GateResult {
  const shares = Object.entries(total).map(([column, n]) => ({
    column,
    n,
    share: n === 0 ? 0 : (bad[column] ?? 0) / n,
  }));
  const n = shares.reduce((sum, s) => sum + s.n, 0);
  const worst = shares.reduce((a, b) => (b.share > a.share ? b : a), { column: '', n: 0, share: 0 });
  const observed = Number(worst.share.toFixed(6));
  if (n === 0)
    return gate(name, 'insufficient', {
      observed: null,
      threshold: limit,
      n,
      reason: 'no readings arrived',
    });
  const ok = worst.share <= limit;
  const where = worst.share === 0 ? 'none in any column' : `worst in ${worst.column}`;
  return gate(name, ok, {
    observed,
    threshold: limit,
    n,
    evidence: { worst: worst.column },
    reason: where,
  });
}

/**
 * Quality gates of the data that the devices saw: shares of missing, out-of-range and stuck
 * readings, invalid windows.
 */
export function dataQualityGates(merged: MergedWindows): GateResult[] {
  const columns = Object.entries(merged.columns);
  const read = Object.fromEntries(columns.map(([c, s]) => [c, s.n + s.nulls + s.nonFinite]));
  const of = (f: (s: (typeof columns)[number][1]) => number): Record<string, number> =>
    Object.fromEntries(columns.map(([c, s]) => [c, f(s)]));
  const windows = merged.scored + merged.invalid;
  return [
    shareGate('quality-missing', { bad: of((s) => s.nulls + s.nonFinite), total: read }, LIMITS.missing),
    shareGate('quality-range', { bad: of((s) => s.outOfRange), total: read }, LIMITS.outOfRange),
    shareGate('quality-stuck', { bad: of((s) => s.stuck), total: read }, LIMITS.stuck),
    shareGate(
      'quality-invalid-windows',
      { bad: { windows: merged.invalid }, total: { windows } },
      LIMITS.invalid,
    ),
  ];
}
