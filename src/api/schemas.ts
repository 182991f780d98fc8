import { z } from '@hono/zod-openapi';
import type { RouteConfig } from '@hono/zod-openapi';
import { IDENTIFIERS } from '../contracts/identifiers.ts';
import { WindlassError } from '../errors/windlass-error.ts';
import { inputProblems } from '../errors/input-problems.ts';

/** A body of the registry's own shape: described, not validated again on the way out. */
export function document(description: string) {
  return z.unknown().openapi({ type: 'object', description });
}

export function list(description: string) {
  return z.unknown().openapi({ type: 'array', items: { type: 'object' }, description });
}

export const errorSchema = z
  .object({
    error: z.object({
      code: z.string().openapi({ example: 'NOT_FOUND' }),
      message: z.string(),
      hint: z.string(),
      details: z.unknown().optional(),
    }),
  })
  .openapi('Error');

/** A JSON answer with the errors that every route can give. */
export function answers(status: number, description: string, schema?: z.ZodType): RouteConfig['responses'] {
  const json = (content: z.ZodType) => ({ 'application/json': { schema: content } });
  return {
    [status]: schema === undefined ? { description } : { description, content: json(schema) },
    default: { description: 'An error of the error table, with its status', content: json(errorSchema) },
  };
}

export const limitSchema = z.coerce
  .number()
  .int()
  .min(1)
  .max(1000)
  .default(100)
  .openapi({ type: 'integer', description: 'at most this many, 1 to 1000' });

export const nameSchema = z
  .string()
  .regex(IDENTIFIERS.name, 'expected lower-case letters, digits and dashes')
  .openapi({ example: 'pump-health' });

export const versionSchema = z
  .string()
  .regex(IDENTIFIERS.versionOrAlias, 'expected a version or an alias')
  .openapi({ example: '3', description: 'a version, or an alias such as "champion"' });

export const started = z
  .object({ workflowId: z.string(), runId: z.string(), workflow: z.string() })
  .openapi('StartedWorkflow');

type Body = NonNullable<NonNullable<RouteConfig['request']>['body']>;

/**
 * A JSON body as OpenAPI describes it; the handler parses it (`parseBody`), so that errors name
 * each field.
 */
export function jsonBody(schema: z.ZodType, example: object): Body {
  type Schema = Extract<Body['content'][string], { schema?: unknown }>['schema'];
  const described: unknown = z.toJSONSchema(schema, { io: 'input' });
  return { content: { 'application/json': { schema: described as Schema, example } } };
}

/**
 * Parses a body with a strict schema; INPUT_INVALID names every wrong field and shows an example.
 */
export function parseBody<T>(
  schema: z.ZodType<T>,
  body: unknown,
  { what, example }: { what: string; example: unknown },
): T {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const problems = inputProblems(parsed.error, schema, body);
  const lines = problems.map(({ field, problem }) => `${field}: ${problem}`).join('; ');
  throw new WindlassError('INPUT_INVALID', `${what} is not valid. ${lines}.`, {
    details: { problems, example },
  });
}
