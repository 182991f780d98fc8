import type { SliceSpec } from '../../contracts/project/evaluation.ts';

/** Value of a group or window whose path does not match, or whose cell is empty. */
export const NO_SLICE = '(none)';

const escaped = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');

/**
 * The slice of a file by its path: what stands where `{}` is in the pattern (see windlass.yaml), up
 * to the next `/` at most.
 */
export function sliceOfPath(pattern: string, path: string): string {
  const [before = '', after = ''] = pattern.split('{}');
  const source = (part: string): string => part.split('*').map(escaped).join('[^/]*?');
  const end = after === '' ? '(?=[/.]|$)' : source(after);
  const match = new RegExp(`^${source(before)}([^/]+?)${end}`).exec(path);
  return match?.[1] ?? NO_SLICE;
}

/**
 * Slice values of the scored windows of one file: one for all, or one per window where a column
 * tells.
 */
export type SliceValues = Readonly<Record<string, string | readonly string[]>>;

/**
 * Slice values of a file's scored rows; `texts` holds the slicing columns, one cell per row of the
 * file.
 */
export function sliceValues(
  slices: readonly Pick<SliceSpec, 'name' | 'column' | 'path'>[],
  file: {
    readonly path: string;
    readonly rows: readonly number[];
    readonly texts: Readonly<Record<string, readonly string[]>>;
  },
): Record<string, string | string[]> {
  return Object.fromEntries(
    slices.map(({ name, column, path }) => {
      if (column === undefined) return [name, sliceOfPath(path ?? '', file.path)];
      const values = file.rows.map((row) => (file.texts[column]?.[row] ?? '').trim() || NO_SLICE);
      const [first = NO_SLICE] = values;
      return [name, values.every((v) => v === first) ? first : values];
    }),
  );
}

/** Every value that a slice takes, sorted. */
export function valuesOf(groups: readonly { readonly slices: SliceValues }[], name: string): string[] {
  const seen = new Set<string>();
  for (const { slices } of groups) {
    const values = slices[name];
    if (typeof values === 'string') seen.add(values);
    else for (const value of values ?? []) seen.add(value);
  }
  return [...seen].sort();
}

/** Positions of the windows of a group that have this value. */
export function windowsOfSlice(
  group: { readonly slices: SliceValues; readonly windows: number },
  slice: { readonly name: string; readonly value: string },
): number[] {
  const values = group.slices[slice.name];
  const all = Array.from({ length: group.windows }, (_, i) => i);
  if (typeof values === 'string') return values === slice.value ? all : [];
  return all.filter((i) => values?.[i] === slice.value);
}
