import { z } from 'zod';

/**
 * Numbers arrive as text from the environment and from flags; anything that is not a number stays
 * as it is and is refused.
 */
export const numeric = <T extends z.ZodType>(schema: T) =>
  z.preprocess((v) => (typeof v === 'string' && v.trim() !== '' ? Number(v) : v), schema);

/** A whole number within limits. */
export const whole = (min: number, max: number) =>
  numeric(
    z
      .number({ error: `expected a whole number from ${min} to ${max}` })
      .int(`expected a whole number from ${min} to ${max}`)
      .min(min, `expected a whole number from ${min} to ${max}`)
      .max(max, `expected a whole number from ${min} to ${max}`),
  );

/** A TCP port; the description is shown with the setting. */
export const port = (fallback: number, description: string) =>
  whole(0, 65_535)
    .default(fallback)
    .meta({ description: `${description} (0: any free port)` });

/** Text that is not empty; `problem` is what is said otherwise. */
export const text = (problem: string) => z.string({ error: problem }).min(1, problem);

/** A list, which arrives from the environment and from flags as text with commas. */
export const list = <T extends z.ZodType>(schema: T) =>
  z.preprocess((v) => (typeof v === 'string' ? v.split(',').map((s) => s.trim()) : v), schema);

/** A secret of at least 16 characters, which is masked when it is shown. */
export const secret = (description: string) =>
  text('expected a secret')
    .min(16, 'expected at least 16 characters')
    .optional()
    .meta({ description, secret: true });

/**
 * A list of objects arrives as JSON from the environment and from flags; text that is none stays as
 * it is and is refused.
 */
export const objects = <T extends z.ZodType>(schema: T) =>
  z.preprocess((v) => {
    if (typeof v !== 'string') return v;
    try {
      return JSON.parse(v) as unknown;
    } catch {
      return v;
    }
  }, schema);
