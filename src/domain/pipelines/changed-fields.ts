/** A field that differs between two values; null where one of them lacks it. */
export interface ChangedField {
  /** Dotted path, e.g. "train.params.depth" or "checks.0.run". */
  readonly field: string;
  readonly from: unknown;
  readonly to: unknown;
}

const isTree = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;

/**
 * The leaves in which two JSON values differ, in the order of the first, then what only the second
 * has.
 */
export function changedFields(from: unknown, to: unknown, path: readonly string[] = []): ChangedField[] {
  if (isTree(from) && isTree(to) && Array.isArray(from) === Array.isArray(to)) {
    const keys = new Set([...Object.keys(from), ...Object.keys(to)]);
    return [...keys].flatMap((key) => changedFields(from[key], to[key], [...path, key]));
  }
  if (JSON.stringify(from) === JSON.stringify(to)) return [];
  return [{ field: path.join('.') || '(all)', from: from ?? null, to: to ?? null }];
}
