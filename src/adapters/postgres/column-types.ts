import type { ColumnType } from 'kysely';

/** JSON columns are read as values and written as text (see `json`). */
export type Json<T> = ColumnType<T, string, string>;

/** bigint columns are read as text. */
export type BigInteger = ColumnType<string, number, number>;

/** The text of a JSON column; the driver would turn an array into a PostgreSQL array. */
export function json(value: unknown): string {
  return JSON.stringify(value);
}
