import type { DataFile } from '../../contracts/data/data-manifest.ts';
import type { ProjectSpec } from '../../contracts/project/project.ts';

/** 32 bits of a text's sha256; the domain has no cryptography of its own. */
export type SeedHash = (text: string) => number;

/**
 * Fold in which a file's group is held out: the last number in its base name modulo the number of
 * folds, or a seeded hash of the group when there is none; files of one device (`data.device`)
 * share a fold by the device's name. Null for files that are never scored: without labels, or
 * outside `evaluation.include`.
 */
export function foldOf(
  { path, labelled }: Pick<DataFile, 'path' | 'labelled'>,
  spec: ProjectSpec,
  hash: SeedHash,
): number | null {
  const { include, folds } = spec.evaluation;
  if (!labelled) return null;
  if (include.length > 0 && !include.some((prefix) => path.startsWith(prefix))) return null;
  const group = deviceOf(path, spec) ?? groupOf(path);
  const number = (group.split('/').at(-1) ?? '').match(/\d+/g)?.at(-1);
  if (number !== undefined) return Number(BigInt(number) % BigInt(folds));
  return hash(`${spec.train.seed}:${group}`) % folds;
}

/** The group of a file: its path without extension. */
export function groupOf(path: string): string {
  return path.replace(/\.[^./]+$/, '');
}

/**
 * What `data.device` finds in a path; undefined where the project declares no devices. A path
 * without one is its own device.
 */
function deviceOf(path: string, { data }: Pick<ProjectSpec, 'data'>): string | undefined {
  if (data.device === undefined) return undefined;
  return new RegExp(data.device).exec(path)?.[1] ?? groupOf(path);
}

/** The entry of one file in a manifest. */
export function dataFile(
  { path, sha256, rows, labelled }: Pick<DataFile, 'path' | 'sha256' | 'rows' | 'labelled'>,
  spec: ProjectSpec,
  hash: SeedHash,
): DataFile {
  const device = deviceOf(path, spec);
  const fold = foldOf({ path, labelled }, spec, hash);
  return {
    path,
    sha256,
    rows,
    group: groupOf(path),
    labelled,
    fold,
    device,
  };
}
