/**
 * Characters of JSON that the list of a run's models may have; a client that logs one per epoch
 * would fill the database otherwise.
 */
export const HISTORY_LENGTH = 1_000_000;

/**
 * The models that a run has logged, with one more at the end: it takes the place of an earlier one
 * at the same path, and the oldest go when the list grows too long.
 */
export function withLoggedModel(
  known: readonly unknown[],
  model: Readonly<Record<string, unknown>>,
): readonly unknown[] {
  const path = model['artifact_path'];
  const others = known.filter((entry) => path === undefined || pathOf(entry) !== path);
  let left = HISTORY_LENGTH - JSON.stringify(model).length;
  const kept = others.toReversed().filter((entry) => (left -= JSON.stringify(entry).length + 1) >= 0);
  return [...kept.toReversed(), model];
}

function pathOf(entry: unknown): unknown {
  return typeof entry === 'object' && entry !== null && 'artifact_path' in entry ? entry.artifact_path : null;
}
