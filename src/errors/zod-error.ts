import type { z } from 'zod';
import { WindlassError } from './windlass-error.ts';
import type { ErrorCode } from './table.ts';

export interface FieldProblem {
  readonly field: string;
  readonly problem: string;
}

/** The problems of a failed zod parse, one per field path, in the order zod found them. */
export function fieldProblems(error: z.ZodError): FieldProblem[] {
  return error.issues.map((issue) => ({ field: issue.path.join('.') || '(input)', problem: issue.message }));
}

/**
 * Parses an untrusted value; throws a WindlassError that lists every wrong field and shows a valid
 * example.
 */
export function parseOrThrow<T>(
  schema: z.ZodType<T>,
  value: unknown,
  options: { code: ErrorCode; what: string; example?: unknown },
): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const problems = fieldProblems(parsed.error);
  const lines = problems.map((p) => `${p.field}: ${p.problem}`).join('; ');
  const example = options.example === undefined ? '' : ` Example: ${JSON.stringify(options.example)}`;
  throw new WindlassError(options.code, `${options.what} is not valid. ${lines}.${example}`, {
    details: { problems, example: options.example },
  });
}
