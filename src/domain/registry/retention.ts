import type { ModelState } from '../../contracts/model/model-state.ts';
import { usesInWords } from './uses.ts';
import type { LiveUses } from './uses.ts';

/**
 * Versions beyond the newest `keep` of their model that are older than `olderThanDays` go, unless
 * something needs them.
 */
export interface RetentionRule {
  readonly keep: number;
  readonly olderThanDays: number;
}

/** A version with everything that may need it. */
export interface VersionUse extends LiveUses {
  readonly name: string;
  readonly version: string;
  readonly state: ModelState;
  readonly createdAt: Date;
  /** Live rollouts of it, or that would go back to it. */
  readonly rollouts: readonly string[];
  /** Devices that are meant to run it, or were last seen running it. */
  readonly devices: number;
  /** Somebody's word is still to come. */
  readonly awaitsApproval: boolean;
  /** Version that it was last compared with; name@version when it is one of another model. */
  readonly comparedWith: string | null;
}

export interface KeptVersion {
  readonly name: string;
  readonly version: string;
  readonly reasons: readonly string[];
}

const DAY_MS = 86_400_000;

/** Which versions stay, and why, and which may go; deleted ones are left out. */
export function decideRetention(
  versions: readonly VersionUse[],
  rule: RetentionRule,
  now: Date,
): { readonly keep: readonly KeptVersion[]; readonly go: readonly VersionUse[] } {
  const there = versions.filter((v) => v.state !== 'deleted');
  const newest = newestOf(there, rule.keep);
  const own = there.map((v) => ({ v, reasons: ownReasons(v, { rule, now, newest: newest.has(v) }) }));
  // Only a version that stays for a reason of its own keeps what it was compared with: otherwise
  // the first would stay for ever.
  const needed = new Map(
    own
      .filter(({ v, reasons }) => reasons.length > 0 && v.comparedWith !== null)
      .map(({ v }) => [comparedWith(v), `${v.name}@${v.version}`]),
  );
  const all = own.map(({ v, reasons }) => {
    const by = needed.get(`${v.name}@${v.version}`);
    return { v, reasons: by === undefined ? reasons : [...reasons, `${by} was compared with it`] };
  });
  return {
    keep: all
      .filter(({ reasons }) => reasons.length > 0)
      .map(({ v, reasons }) => ({ name: v.name, version: v.version, reasons })),
    go: all.filter(({ reasons }) => reasons.length === 0).map(({ v }) => v),
  };
}

function comparedWith({ name, comparedWith: version }: VersionUse): string {
  return version?.includes('@') === true ? version : `${name}@${version}`;
}

function newestOf(versions: readonly VersionUse[], keep: number): Set<VersionUse> {
  const sorted = versions.toSorted((a, b) => Number(b.version) - Number(a.version));
  const counts = new Map<string, number>();
  return new Set(
    sorted.filter(({ name }) => {
      const count = (counts.get(name) ?? 0) + 1;
      counts.set(name, count);
      return count <= keep;
    }),
  );
}

function ownReasons(
  v: VersionUse,
  { rule, now, newest }: { rule: RetentionRule; now: Date; newest: boolean },
): string[] {
  const days = (now.getTime() - v.createdAt.getTime()) / DAY_MS;
  return [
    ...usesInWords(v),
    ...(v.devices > 0 ? [v.devices === 1 ? 'a device has it' : `${v.devices} devices have it`] : []),
    ...(v.awaitsApproval ? ['it waits for an approval'] : []),
    ...(v.state === 'archived' ? ['it is archived'] : []),
    ...(newest ? [`it is among the newest ${rule.keep}`] : []),
    ...(days < rule.olderThanDays ? [`it is ${Math.floor(days)} days old`] : []),
  ];
}
