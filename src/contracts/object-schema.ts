import { z } from 'zod';

/** A schema with exactly the fields of a type: one more or one less does not compile. */
export function objectOf<T>(shape: { readonly [K in keyof T]-?: z.ZodType<T[K]> }): z.ZodType<T> {
  return z.object(shape) as unknown as z.ZodType<T>;
}

/** A number that was computed; JSON has no NaN, so it is null where there is no such number. */
export const measuredSchema = z.number().nullable() as unknown as z.ZodType<number>;

export const countSchema = z.number().int().nonnegative();
/** ISO 8601, UTC. */
export const timeSchema = z.string().meta({ format: 'date-time' });
