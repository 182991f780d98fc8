import { createHash } from 'node:crypto';
import type { ProjectSpec } from '../../src/contracts/project.ts';

/**
 * Fold in which a file's group is held out: the last number in its base name modulo the number of folds, or a seeded hash of
 * the group when there is none. Null for files that are never scored: without labels, or outside `evaluation.include`.
 */
export function foldOf(path: string, labelled: boolean, spec: ProjectSpec): number | null {
  const { include, folds } = spec.evaluation;
  if (!labelled) return null;
  if (include.length > 0 && !include.some((prefix) => path.startsWith(prefix))) return null;
  const group = groupOf(path);
  const number = (group.split('/').at(-1) ?? '').match(/\d+/g)?.at(-1);
  if (number !== undefined) return Number(BigInt(number) % BigInt(folds));
  const hash = createHash('sha256').update(`${spec.train.seed}:${group}`).digest();
  return hash.readUInt32BE(0) % folds;
}

/** The group of a file: its path without extension. */
export function groupOf(path: string): string {
  return path.replace(/\.[^./]+$/, '');
}
