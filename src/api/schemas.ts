import { z } from '@hono/zod-openapi';
import type { RouteConfig } from '@hono/zod-openapi';
import { IDENTIFIERS } from '../contracts/identifiers.ts';

export const errorSchema = z
  .object({
    error: z.object({
      code: z.string().openapi({ example: 'NOT_FOUND' }),
      message: z.string(),
      hint: z.string(),
      details: z.unknown().optional(),
    }),
  })
  .meta({ id: 'Error' });

const json = (schema: z.ZodType) => ({ 'application/json': { schema } });

export const errorAnswer = {
  description: 'An error of the error table, with its status',
  content: json(errorSchema),
} as const;

/** A JSON answer (no schema: no body), and the errors that every route can give. */
export function answers(status: number, description: string, schema?: z.ZodType): RouteConfig['responses'] {
  return {
    [status]: schema === undefined ? { description } : { description, content: json(schema) },
    default: errorAnswer,
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

type Body = NonNullable<NonNullable<RouteConfig['request']>['body']>;

/**
 * A JSON body as OpenAPI describes it; the handler parses it (`parseInput`), so that errors name
 * each field.
 */
export function jsonBody(schema: z.ZodType, example: object): Body {
  type Schema = Extract<Body['content'][string], { schema?: unknown }>['schema'];
  const described: unknown = z.toJSONSchema(schema, { io: 'input' });
  return { content: { 'application/json': { schema: described as Schema, example } } };
}
