import type { RetrainOn } from '../../contracts/monitoring/retrain-on.ts';
import type { ColumnDrift, MonitorDecision } from '../../contracts/monitoring/monitor.ts';

export interface RetrainPolicy {
  readonly k: number;
  readonly m: number;
  readonly cooldownSeconds: number;
  readonly retrainOn: RetrainOn;
  /** Rise of the share of alarms over the baseline's false alarm rate that counts as loss. */
  readonly maxEstimatedLoss: number;
}

export interface DecisionEvidence {
  readonly columns: readonly ColumnDrift[];
  readonly score: ColumnDrift;
  /** Whether each earlier report of this version saw drift, newest first. */
  readonly earlierDrift: readonly boolean[];
  readonly alarmShare: { readonly reference: number | null; readonly now: number | null };
  readonly secondsSinceLastRetrain: number | null;
}

export interface Decision {
  readonly decision: MonitorDecision;
  readonly drift: boolean;
  readonly arithmetic: string[];
}

const show = (x: number | null): string => (x === null ? 'n/a' : x.toFixed(3));

/**
 * none | investigate | retrain. Drift in this report alone opens an investigation; drift in k of
 * the last m reports, with estimated loss where the policy asks for it, and outside the cooldown,
 * asks for a retrain.
 */
export function decide(evidence: DecisionEvidence, policy: RetrainPolicy): Decision {
  const arithmetic: string[] = [];
  const all = [...evidence.columns, evidence.score];
  const drifted = all.filter((c) => c.status === 'drift');
  const insufficient = all.filter((c) => c.status === 'insufficient');
  for (const c of drifted)
    arithmetic.push(`${c.column}: PSI ${show(c.psi)} > ${show(c.threshold)} (n=${c.n})`);
  if (insufficient.length > 0)
    arithmetic.push(`too little to judge: ${insufficient.map((c) => c.column).join(', ')}`);

  const drift = drifted.length > 0;
  const recent = [drift, ...evidence.earlierDrift].slice(0, policy.m);
  const count = recent.filter(Boolean).length;
  const persistent = drift && count >= policy.k;
  arithmetic.push(
    `drift in ${count} of the last ${recent.length} reports; persistent from ${policy.k} of ${policy.m}`,
  );

  const { reference, now } = evidence.alarmShare;
  const loss = reference === null || now === null ? null : now - reference;
  const lost = loss !== null && loss > policy.maxEstimatedLoss;
  arithmetic.push(
    `alarms in ${show(now)} of the windows, ${show(reference)} on pumps in good order: estimated loss ${show(loss)}, allowed ${show(policy.maxEstimatedLoss)}`,
  );

  if (!drift)
    return { decision: 'none', drift, arithmetic: [...arithmetic, 'no column drifted: nothing to do'] };
  const stay = (why: string): Decision => ({
    decision: 'investigate',
    drift,
    arithmetic: [...arithmetic, why],
  });
  if (!persistent) return stay('not persistent yet: investigate');
  if (policy.retrainOn === 'never') return stay('policy never retrains by itself: investigate');
  if (policy.retrainOn === 'drift-and-loss' && !lost)
    return stay('no estimated loss beside the drift: investigate');
  const since = evidence.secondsSinceLastRetrain;
  if (since !== null && since < policy.cooldownSeconds)
    return stay(`last retrain ${Math.round(since)} s ago, cooldown ${policy.cooldownSeconds} s: investigate`);

  return {
    decision: 'retrain',
    drift,
    arithmetic: [...arithmetic, 'persistent drift outside the cooldown: retrain'],
  };
}
