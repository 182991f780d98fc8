import { ascending } from './ranks.ts';

/** Holm's step-down adjusted p-values, in the order given: reject those ≤ α to keep the family-wise error ≤ α. Source: Holm 1979. */
export function holm(p: readonly number[]): number[] {
  const adjusted = new Array<number>(p.length).fill(1);
  let largest = 0;
  ascending(p).forEach((index, k) => {
    largest = Math.max(largest, Math.min(1, (p.length - k) * (p[index] as number)));
    adjusted[index] = largest;
  });
  return adjusted;
}

/** Benjamini–Hochberg adjusted p-values (step-up), in the order given: the false discovery rate of rejecting those ≤ q. Source: Benjamini & Hochberg 1995. */
export function benjaminiHochberg(p: readonly number[]): number[] {
  const adjusted = new Array<number>(p.length).fill(1);
  let smallest = 1;
  [...ascending(p)].reverse().forEach((index, k) => {
    smallest = Math.min(smallest, ((p[index] as number) * p.length) / (p.length - k));
    adjusted[index] = smallest;
  });
  return adjusted;
}
