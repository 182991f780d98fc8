import { z } from 'zod';
import { objectOf, timeSchema } from '../object-schema.ts';
import type { AliasStretch, Review } from './review.ts';

export const reviewSchema = objectOf<Review>({
  actor: z.string(),
  decision: z.enum(['approve', 'reject']),
  reason: z.string(),
  at: timeSchema,
}).meta({ id: 'Review' });

/** Fields of `AliasStretch`, which some answers carry beside others. */
export const aliasStretchShape = {
  alias: z.string(),
  version: z.string(),
  by: z.string(),
  reason: z.string(),
  since: timeSchema,
  until: timeSchema.nullable(),
  approvals: z.array(reviewSchema),
} as const;

export const aliasStretchSchema = objectOf<AliasStretch>(aliasStretchShape).meta({ id: 'AliasStretch' });
