import type {
  ModelProfile,
  OptimiseOptions,
  Variant,
  VariantResult,
} from '../../contracts/build/optimisation.ts';
import { percent } from '../../base/percent.ts';

type Rules = Pick<Required<OptimiseOptions>, 'prefer' | 'minGain'>;
type Measured = Pick<VariantResult, 'variant' | 'status' | 'bytes' | 'profiles'>;

const whole = (share: number): string => percent(share, 0);

const latencyOf = (profiles: readonly ModelProfile[], platform: string): number | undefined =>
  profiles.find((p) => p.machine.platform === platform)?.latency.p50;

/**
 * Share of the original's latency (median of one row) or size that a variant saves where it saves
 * least; none without numbers.
 */
export function leastGain(original: Measured, candidate: Measured, prefer: Rules['prefer']): number | null {
  if (prefer === 'size')
    return original.bytes === null || candidate.bytes === null ? null : 1 - candidate.bytes / original.bytes;
  const gains = original.profiles.map(({ machine, latency }) => {
    const own = latencyOf(candidate.profiles, machine.platform);
    return own === undefined ? null : 1 - own / latency.p50;
  });
  if (gains.length === 0) return null;
  return gains.reduce((least, gain) => (least === null || gain === null ? null : Math.min(least, gain)));
}

/**
 * The variant to keep: of those that passed every gate the one that gains most, counted on the
 * platform where it gains least, if that is enough; else the original. The first of equal ones
 * wins.
 */
export function chooseVariant(
  original: Measured,
  candidates: readonly Measured[],
  { prefer, minGain }: Rules,
): { readonly variant: Variant; readonly reason: string } {
  const passed = candidates.filter((c) => c.status === 'passed');
  const ranked = passed
    .flatMap(({ variant, ...c }) => {
      const gain = leastGain(original, { variant, ...c }, prefer);
      return gain === null ? [] : [{ variant, gain }];
    })
    .sort((a, b) => b.gain - a.gain);
  const [best] = ranked;
  if (best === undefined)
    return {
      variant: 'original',
      reason:
        passed.length === 0
          ? 'no other form passed the gates'
          : 'no latency was measured that says what another form gains',
    };
  const where = prefer === 'size' ? 'size' : 'median latency';
  const least =
    prefer === 'latency' && original.profiles.length > 1 ? ' on the platform where it gains least' : '';
  if (best.gain < 0)
    return {
      variant: 'original',
      reason: `the best other form, ${best.variant}, adds ${whole(-best.gain)} to the ${where}`,
    };
  const gains = `${best.variant} saves ${whole(best.gain)} of the ${where}${least}`;
  return best.gain >= minGain
    ? { variant: best.variant, reason: gains }
    : { variant: 'original', reason: `${gains}, less than ${whole(minGain)}` };
}
