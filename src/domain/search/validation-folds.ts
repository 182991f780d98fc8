import type { DataFile } from '../../contracts/data/data-manifest.ts';

/** Folds that a search chooses by, and those that the chosen model is then measured on. */
export interface FoldSplit {
  readonly validation: readonly number[];
  readonly test: readonly number[];
}

/**
 * At least two to choose by, since each is judged by a model that was trained on the others, and
 * one to measure on.
 */
export const MIN_SEARCH_FOLDS = 3;

/** The folds that have groups, in order. */
export function foldsOf(files: readonly Pick<DataFile, 'fold'>[]): number[] {
  return [...new Set(files.flatMap((f) => (f.fold === null ? [] : [f.fold])))].sort((a, b) => a - b);
}

/**
 * The lower half of the folds (or the first `count`) to choose by, the rest to measure on;
 * undefined when there are too few.
 */
export function splitFolds(folds: readonly number[], count?: number): FoldSplit | undefined {
  if (folds.length < MIN_SEARCH_FOLDS) return undefined;
  const n = count ?? Math.max(2, Math.floor(folds.length / 2));
  if (n < 2 || n >= folds.length) return undefined;
  return { validation: folds.slice(0, n), test: folds.slice(n) };
}

/**
 * What trials are given: the groups to choose by and those that only train; no group that is
 * measured later.
 */
export function trialFiles(files: readonly DataFile[], validation: readonly number[]): DataFile[] {
  return files.filter((f) => f.fold === null || validation.includes(f.fold));
}

/**
 * What the chosen model is given: everything; groups that were chosen by train in every fold, and
 * are not measured.
 */
export function chosenFiles(files: readonly DataFile[], validation: readonly number[]): DataFile[] {
  return files.map((f) => (f.fold !== null && validation.includes(f.fold) ? { ...f, fold: null } : f));
}

/**
 * What is wrong with folds that a build was told to choose by or to spare; undefined when all of
 * them are there.
 */
export function foldProblem(given: readonly number[], there: readonly number[]): string | undefined {
  const unknown = [...new Set(given.filter((fold) => !there.includes(fold)))];
  if (unknown.length === 0) return undefined;
  const which =
    unknown.length === 1 ? `there is no fold ${unknown[0]}` : `there are no folds ${unknown.join(', ')}`;
  return `validationFolds: ${which}, only ${there.join(', ')}`;
}
