import type { z } from 'zod';
import { inputProblems, type FieldProblem } from './input-problems.ts';
import type { ErrorCode } from './table.ts';
import { WindlassError } from './windlass-error.ts';

export interface InputDescription {
  /** Subject of the message, e.g. "The grant". */
  readonly what: string;
  /** INPUT_INVALID when not given. */
  readonly code?: ErrorCode;
  readonly example?: unknown;
  /** One problem per line and the example, for a terminal or the Temporal UI. */
  readonly lines?: boolean;
}

/** Parses an untrusted value; throws an error that names every wrong field and shows an example. */
export function parseInput<T>(schema: z.ZodType<T>, value: unknown, described: InputDescription): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw invalidInput(inputProblems(parsed.error, schema, value), described);
}

/** The error of an input with these problems. */
export function invalidInput(
  problems: readonly FieldProblem[],
  { what, code = 'INPUT_INVALID', example, lines = false }: InputDescription,
): WindlassError {
  const texts = problems.map(({ field, problem }) => `${field}: ${problem}`);
  const shown = example === undefined ? '' : `\nExample: ${JSON.stringify(example)}`;
  const message = lines
    ? `${what} is not valid:\n${texts.map((text) => `- ${text}`).join('\n')}${shown}`
    : `${what} is not valid. ${texts.join('; ')}.`;
  return new WindlassError(code, message, { details: { problems, example } });
}
