import type { RingReport } from '../../../contracts/rollout/rollout.ts';
import type { RolloutPlan } from '../../../domain/rollout/rollout-plan.ts';
import type { StoredRollout } from '../../../ports/rollout-store.ts';
import { table } from '../../shared/output.ts';

/** The rings as a table for people. */
export function ringTable(rings: readonly RingReport[]): string {
  return table(
    ['RING', 'DEVICES', 'IN CONTACT', 'RUNNING', 'ATTESTED', 'FAILED', 'PENDING', 'VERDICT', 'WHY'],
    rings.map((r) => [
      r.name,
      ...[r.devices, r.reachable, r.running, r.attested, r.failed, r.pending].map(String),
      r.verdict,
      r.reason,
    ]),
  );
}

/** One rollout for people: where it stands, its rings, and what a person can do now. */
export function showRollout(rollout: StoredRollout): string {
  const { rolloutId, model, version, state, outcome, devices, previous, startedAt, finishedAt } = rollout;
  const from = previous === null ? 'no earlier version' : `version ${previous.version}`;
  const waiting = rollout.rings.find((ring) => ring.verdict === 'pending');
  const next =
    state === 'awaiting-approval' && waiting !== undefined
      ? [`Approve it: \`windlass rollout approve ${rolloutId} ${waiting.name} --reason "…"\``]
      : state === 'held'
        ? [`Held: \`windlass rollout approve|abort ${rolloutId} …\``]
        : state === 'paused'
          ? [`Paused: \`windlass rollout resume ${rolloutId}\``]
          : [];
  return [
    `${rolloutId}: ${model}@${version}, ${outcome ?? state}`,
    `  ${devices} devices, from ${from}; by ${rollout.actor}, started ${startedAt}${finishedAt === null ? '' : `, ended ${finishedAt}`}`,
    ...(rollout.conclusion === '' ? [] : [`  ${rollout.conclusion}`]),
    '',
    ringTable(rollout.rings),
    ...next,
  ].join('\n');
}

const duration = (seconds: number): string => {
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  return `${Math.round(seconds / 360) / 10} h`;
};

export interface ShownPlan extends RolloutPlan {
  readonly model: string;
  readonly targets: Readonly<Record<string, number>>;
  readonly packaged: boolean;
  readonly live: string | null;
  readonly configurations: { readonly used: number; readonly allowed: number };
}

/** A plan for people: rings with their arithmetic, strata, hub calls and times. */
export function showPlan(plan: ShownPlan): string {
  const { rings, strata, hubCalls, seconds, targets, configurations, live } = plan;
  const now = Object.entries(targets).map(([target, n]) => `${n} ${target}`);
  return [
    `${plan.model} to ${plan.devices} devices (now: ${now.join(', ')})`,
    ...(plan.packaged ? [] : ['  ! it has no image yet: `windlass deploy` packages it first']),
    ...(live === null ? [] : [`  ! it would supersede ${live}`]),
    '',
    table(
      ['RING', 'DEVICES', 'SUM', 'SHARE', 'NEEDS', 'TOLERATES', 'APPROVAL', 'ARITHMETIC'],
      rings.map((r) => [
        r.name,
        String(r.devices),
        String(r.cumulative),
        `${r.cumulativePercent} %`,
        `${r.neededGood} good`,
        `${r.toleratedFailures} failed`,
        r.needsApproval ? 'yes' : 'no',
        r.arithmetic,
      ]),
    ),
    '',
    table(
      ['STRATUM (site/platform/link)', 'DEVICES', ...rings.map((r) => r.name.toUpperCase())],
      Object.entries(strata).map(([stratum, n]) => [
        stratum,
        String(n),
        ...rings.map((r) => String(r.strata[stratum] ?? 0)),
      ]),
    ),
    '',
    `redundancy  ${plan.redundancyGroups} groups; before the last ring never two of a group in the same ring`,
    `hub         ${hubCalls.arithmetic}: ${duration(hubCalls.seconds)} (tier ${hubCalls.tier}); configurations ${configurations.used} of ${configurations.allowed} used`,
    `duration    from ${duration(seconds.least)} (all in contact, all right) to ${duration(seconds.most)} (every ring waits and is held to its end); approvals not counted`,
  ].join('\n');
}
