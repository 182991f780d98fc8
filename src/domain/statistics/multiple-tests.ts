import { ascending } from './ranks.ts';

function requireProbabilities(p: readonly number[]): void {
  const wrong = p.findIndex((x) => !(x >= 0 && x <= 1));
  if (wrong !== -1) throw new RangeError(`p-values must be in 0..1: number ${wrong + 1} is ${p[wrong]}`);
}

/**
 * Holm's step-down adjusted p-values, in the order given: reject those ≤ α to keep the family-wise
 * error ≤ α; throws RangeError for a p-value outside 0..1. Source: Holm 1979.
 */
export function holm(p: readonly number[]): number[] {
  requireProbabilities(p);
  const adjusted = new Array<number>(p.length).fill(1);
  let largest = 0;
  ascending(p).forEach((index, k) => {
    largest = Math.max(largest, Math.min(1, (p.length - k) * (p[index] as number)));
    adjusted[index] = largest;
  });
  return adjusted;
}

/**
 * Benjamini–Hochberg adjusted p-values (step-up), in the order given: the false discovery rate of
 * rejecting those ≤ q; throws RangeError for a p-value outside 0..1. For the rule that drift is
 * judged per device before the fleet's share: it bounds the share of false alarms among many
 * devices. Source: Benjamini & Hochberg 1995.
 */
export function benjaminiHochberg(p: readonly number[]): number[] {
  requireProbabilities(p);
  const adjusted = new Array<number>(p.length).fill(1);
  let smallest = 1;
  [...ascending(p)].reverse().forEach((index, k) => {
    smallest = Math.min(smallest, ((p[index] as number) * p.length) / (p.length - k));
    adjusted[index] = smallest;
  });
  return adjusted;
}
