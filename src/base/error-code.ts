/**
 * The `code` of anything that was thrown: a system error's (`ENOENT`), a library's number, or
 * undefined.
 */
export function errorCode(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
