import { resolve } from 'node:path';
import { absoluteSource } from '../../domain/data/source-notation.ts';
import { isGitUrl } from '../../domain/git/address.ts';
import { WindlassError } from '../../errors/windlass-error.ts';

/**
 * A project as workflows take it: a git URL as it is, a folder made absolute where the user stands.
 */
export function projectAt(cwd: string, project: string): string {
  return isGitUrl(project) ? project : resolve(cwd, project);
}

/** A data source as workflows take it: its paths made absolute where the user stands. */
export function dataAt(cwd: string, data: string): string {
  return absoluteSource(data, (path) => resolve(cwd, path));
}

/** A time that a person wrote; throws INPUT_INVALID. */
export function timeOption(option: string, text: string): Date {
  const time = new Date(text);
  if (!Number.isNaN(time.getTime())) return time;
  throw new WindlassError('INPUT_INVALID', `${option} ${text} is not a time.`, {
    hint: 'Write e.g. 2026-03-01 or 2026-03-01T06:00:00Z.',
  });
}

/** A number of things; throws INPUT_INVALID. */
export function countOption(option: string, text: string): number {
  if (/^[1-9]\d*$/.test(text)) return Number(text);
  throw new WindlassError('INPUT_INVALID', `${option} ${text} is not a whole number of 1 or more.`);
}
