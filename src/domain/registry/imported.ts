import type { Comparison } from '../../contracts/build/comparison.ts';
import type { GateResult } from '../../contracts/gate.ts';
import type { ImportedRegistration } from '../../contracts/model/model-version.ts';
import { gate } from '../gates/build.ts';

/** Parts of a version that an import may lack, in the words of `missing`. */
export type Parts = Pick<ImportedRegistration, 'pipeline' | 'golden' | 'baseline' | 'data' | 'metrics'>;

/** What Windlass knows of no version that was trained elsewhere. */
export const NEVER_KNOWN = ['commit', 'environment', 'params', 'seed', 'training data'] as const;

/**
 * What makes a version that can be packaged, deployed, compared and monitored; each with why it is
 * needed and how it is given.
 */
const NEEDED = [
  {
    part: 'entry script',
    lacks: (p: Parts) => p.pipeline === null,
    why: 'no project was named, so there is no entry script and nobody knows what the columns are: import with --project',
  },
  {
    part: 'golden rows',
    lacks: (p: Parts) => p.golden === null,
    why: 'a device checks itself by golden rows, and none were given: import with --golden',
  },
  {
    part: 'monitoring baseline',
    lacks: (p: Parts) => p.baseline === null || p.data === null,
    why: 'there is nothing to compare devices with: import with --data',
  },
  {
    part: 'metrics',
    lacks: (p: Parts) => p.metrics === null,
    why: 'nobody has measured it: import with --data',
  },
] as const;

/** What the lineage of an imported version lacks. */
export function missingParts(parts: Parts): string[] {
  return [...NEVER_KNOWN, ...NEEDED.filter((n) => n.lacks(parts)).map((n) => n.part)];
}

/**
 * What follows for the use of an imported version from each part that it lacks, and how the part is
 * given.
 */
export function missingReasons(parts: Parts): string[] {
  return NEEDED.filter((n) => n.lacks(parts)).map(({ part, why }) => `It has no ${part}: ${why}.`);
}

/** One gate per part without which a version can be looked at, but not deployed. */
export function importedGates(parts: Parts): GateResult[] {
  return NEEDED.filter((n) => n.lacks(parts)).map(({ part, why }) =>
    gate(part.replaceAll(' ', '-'), 'insufficient', {
      observed: 'missing',
      threshold: 'there',
      n: 0,
      reason: why,
    }),
  );
}

/**
 * Said of groups that an imported model was measured on: whether it had seen them, only its makers
 * know.
 */
export function unprovenGate(groups: number): GateResult {
  return gate('unseen-groups', 'warn', {
    observed: 'unknown',
    threshold: 'unseen',
    n: groups,
    reason:
      'the model was trained elsewhere: that it had not seen these groups is the word of whoever imports it',
  });
}

/** The comparison of a version that nothing was measured of; it may not be promoted. */
export function notMeasured(margin: number): Comparison {
  return {
    verdict: 'INVALID',
    metric: 'f1',
    champion: null,
    challenger: { value: Number.NaN },
    difference: null,
    interval: null,
    margin,
    rows: 0,
    groups: 0,
    replicates: 0,
    reason: 'it was imported without data: nothing was measured',
  };
}

/** Why a version cannot be used for what needs all its parts. */
export function incompleteReason(reference: string, parts: Parts): string {
  const lacks = NEEDED.filter((n) => n.lacks(parts));
  return `${reference} was imported and lacks ${lacks.map((n) => n.part).join(', ')}: ${lacks.map((n) => n.why).join('; ')}.`;
}
