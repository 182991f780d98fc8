import type { Page } from '../../../../contracts/mlflow/tracking.ts';

/** A page of rows that were read with one more than its limit. */
export function pageOf<T>(rows: readonly T[], limit: number): Page<T> {
  return { items: rows.slice(0, limit), more: rows.length > limit };
}
