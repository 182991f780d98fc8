import type { Difference, Recheck } from '../../contracts/build/reproduce.ts';
import type { DataManifest } from '../../contracts/data/data-manifest.ts';

type Leaf = string | number | boolean | null;

/** Every leaf of a JSON value under its dotted path, in the order of the keys. */
function leaves(value: unknown, path: string): [string, Leaf][] {
  if (typeof value !== 'object' || value === null) return value === undefined ? [] : [[path, value as Leaf]];
  return Object.entries(value).flatMap(([key, inner]) => leaves(inner, path === '' ? key : `${path}.${key}`));
}

/**
 * What differs between two JSON values, leaf by leaf and exactly; `what` is prefix and path, e.g.
 * "metric confusion.tp".
 */
export function differencesOf(recorded: unknown, found: unknown, prefix: string): Difference[] {
  const before = new Map(leaves(recorded, ''));
  const after = new Map(leaves(found, ''));
  const paths = new Set([...before.keys(), ...after.keys()]);
  return [...paths].flatMap((path) => {
    const [was = null, is = null] = [before.get(path), after.get(path)];
    return Object.is(was, is) ? [] : [{ what: `${prefix} ${path}`.trim(), recorded: was, found: is }];
  });
}

/**
 * Recorded metrics against those measured now; what an older Windlass did not measure is not
 * compared.
 */
export function compareMetrics(recorded: object, found: object): Recheck {
  const later = Object.keys(found).filter((name) => !(name in recorded));
  const measured = Object.fromEntries(Object.entries(found).filter(([name]) => name in recorded));
  return {
    differences: differencesOf(recorded, measured, 'metric'),
    unchecked: later.map((name) => ({
      what: `metric ${name}`,
      why: 'it was not recorded when the version was made',
    })),
    notes: [],
  };
}

/**
 * Compares recorded data files with those at their source now; a newer file is noted, not counted
 * as a difference.
 */
export function compareManifests(recorded: DataManifest, found: DataManifest): Recheck {
  if (recorded.digest === found.digest) return { differences: [], unchecked: [], notes: [] };
  const now = new Map(found.files.map((file) => [file.path, file]));
  const differences = recorded.files.flatMap(({ path, sha256 }): Difference[] => {
    const file = now.get(path);
    now.delete(path);
    if (file?.sha256 === sha256) return [];
    return [{ what: `data file ${path}`, recorded: sha256, found: file?.sha256 ?? null }];
  });
  const added = [...now.keys()];
  if (differences.length === 0 && added.length === 0)
    return {
      differences: [{ what: 'data set', recorded: recorded.digest, found: found.digest }],
      unchecked: [],
      notes: ['the files are the same, but Windlass lists them otherwise than when they were recorded'],
    };
  const shown = `${added.slice(0, 5).join(', ')}${added.length > 5 ? ', …' : ''}`;
  return {
    differences,
    unchecked: [],
    notes: added.length === 0 ? [] : [`${added.length} data file(s) came later and were left out: ${shown}`],
  };
}

/**
 * What the comparison says, in words that follow the version's name: "identical" is never said of
 * what was not compared.
 */
export function describeReproduction({
  differences,
  unchecked,
}: Pick<Recheck, 'differences' | 'unchecked'>): string {
  const [first] = differences;
  if (first !== undefined) return `is NOT identical; it differs first in ${first.what}`;
  if (unchecked.length === 0) return 'is identical';
  const listed = unchecked.map(({ what }) => what).join(', ');
  return `is identical in all that could be compared (not compared: ${listed})`;
}
