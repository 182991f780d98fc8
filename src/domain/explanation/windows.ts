/** A window of readings, row-major, rows × columns. */
export type Window = Float32Array;

/** The window that ends in a row. */
export function windowAt(
  values: Float32Array,
  row: number,
  shape: { window: number; columns: number },
): Window {
  const end = (row + 1) * shape.columns;
  return values.subarray(end - shape.window * shape.columns, end);
}

/** A copy of `base` whose given columns are those of `other`. */
export function withColumns(
  base: Window,
  other: Window,
  columns: { readonly chosen: ReadonlySet<number>; readonly of: number },
): Window {
  const mixed = base.slice();
  for (const c of columns.chosen)
    for (let i = c; i < mixed.length; i += columns.of) mixed[i] = other[i] as number;
  return mixed;
}

/** Windows behind one another as the rows of a group, and the rows in which they end. */
export function stacked(
  windows: readonly Window[],
  window: number,
): { readonly values: Float32Array; readonly rows: number[] } {
  const length = windows[0]?.length ?? 0;
  const values = new Float32Array(windows.length * length);
  windows.forEach((w, i) => values.set(w, i * length));
  return { values, rows: windows.map((_, i) => (i + 1) * window - 1) };
}

/** At most `count` of the items, evenly spread. */
export function spread<T>(items: readonly T[], count: number): T[] {
  if (items.length <= count) return [...items];
  return Array.from({ length: count }, (_, i) => items[Math.floor((i * items.length) / count)] as T);
}
