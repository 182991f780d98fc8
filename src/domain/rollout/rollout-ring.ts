import type { RingReport, RingVerdict } from '../../contracts/rollout/rollout.ts';
import type { RingCounts } from './ring-counts.ts';

/** One ring of a rollout: its devices by what is known of them, and what was decided. */
export interface RolloutRing {
  readonly name: string;
  readonly counts: RingCounts;
  readonly verdict: RingVerdict;
  readonly reason: string;
  /** ISO 8601; undefined while the ring was never opened. */
  readonly openedAt?: string;
  readonly decidedAt?: string;
}

/** A ring as people and programs outside see it. */
export function ringReport({ name, counts, verdict, reason, openedAt, decidedAt }: RolloutRing): RingReport {
  const { devices, reachable, running, attested, pending, failed } = counts;
  return {
    name,
    devices,
    reachable,
    running,
    attested,
    pending,
    failed,
    verdict,
    reason,
    openedAt,
    decidedAt,
  };
}
