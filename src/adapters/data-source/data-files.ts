import { WindlassError } from '../../errors/windlass-error.ts';

const DATA_FILE = /\.(csv|parquet)$/i;

export const isDataFile = (path: string): boolean => DATA_FILE.test(path);

export const isHidden = (path: string): boolean => path.split('/').some((part) => part.startsWith('.'));

export const byPath = (a: { readonly path: string }, b: { readonly path: string }): number =>
  a.path < b.path ? -1 : 1;

/** Whether a name can be a path inside a folder on every system. */
export function isSafePath(path: string): boolean {
  if ([...path].some((character) => character < ' ' || character === '\\' || character === ':')) return false;
  return path.split('/').every((part) => part !== '' && !part.startsWith('.'));
}

/** Thrown when the content is not what was listed. */
export function changed(path: string): WindlassError {
  return new WindlassError('DATA_INVALID', `${path} changed while it was being read.`, {
    hint: 'Start again when nothing writes to the data any more.',
    details: { file: path },
  });
}
