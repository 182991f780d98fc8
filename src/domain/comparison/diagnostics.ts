import type { ComparisonDiagnostics } from '../../contracts/build/comparison.ts';
import { deLongTest } from '../statistics/delong.ts';
import { mcNemarTest } from '../statistics/mcnemar.ts';
import { newcombePaired } from '../statistics/proportion-intervals.ts';
import type { PairedGroup, Thresholds } from './paired-groups.ts';

/** Most windows that DeLong's test is done on; it is a diagnostic, and more say nothing new. */
const MAX_DELONG_WINDOWS = 1_000_000;

/** DeLong's and McNemar's tests over all windows of all groups. */
export function diagnose(groups: readonly PairedGroup[], thresholds: Thresholds): ComparisonDiagnostics {
  const labels = groups.flatMap((g) => Array.from(g.labels));
  const champion = groups.flatMap((g) => Array.from(g.champion));
  const challenger = groups.flatMap((g) => Array.from(g.challenger));
  const counts = { both: 0, onlyFirst: 0, onlySecond: 0, neither: 0 };
  labels.forEach((label, i) => {
    const right = (score: number, threshold: number): boolean => score >= threshold === (label === 1);
    const [first, second] = [
      right(challenger[i] as number, thresholds.challenger),
      right(champion[i] as number, thresholds.champion),
    ];
    counts[first ? (second ? 'both' : 'onlyFirst') : second ? 'onlySecond' : 'neither'] += 1;
  });
  const { pExact, pCorrected } = mcNemarTest(counts.onlyFirst, counts.onlySecond);
  return {
    deLong: curves(),
    mcNemar: {
      onlyChampion: counts.onlySecond,
      onlyChallenger: counts.onlyFirst,
      pExact,
      pCorrected,
      accuracyDifference: (counts.onlyFirst - counts.onlySecond) / labels.length,
      interval: newcombePaired(counts),
    },
  };

  function curves(): ComparisonDiagnostics['deLong'] {
    const positives = labels.filter((label) => label === 1).length;
    if (positives < 2 || labels.length - positives < 2 || labels.length > MAX_DELONG_WINDOWS) return null;
    const { first, second, difference, z, p } = deLongTest(champion, challenger, labels);
    return { champion: first, challenger: second, difference, z, p };
  }
}
