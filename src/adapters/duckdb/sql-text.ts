/** A text as SQL literal. */
export const literal = (value: string): string => `'${value.replaceAll("'", "''")}'`;

/** A name as SQL identifier. */
export const identifier = (value: string): string => `"${value.replaceAll('"', '""')}"`;
