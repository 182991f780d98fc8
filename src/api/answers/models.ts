import { z } from '@hono/zod-openapi';
import { objectOf } from '../../contracts/object-schema.ts';
import { MODEL_STATES } from '../../contracts/model/model-state.ts';
import type { ModelStanding } from '../../contracts/model/model-version.ts';
import { aliasStretchShape, reviewSchema } from '../../contracts/model/review-schema.ts';
import type { AliasStretch, Review } from '../../contracts/model/review.ts';

/** A version after somebody decided about it. */
export const reviewedModelAnswer = objectOf<ModelStanding & { readonly reviews: readonly Review[] }>({
  name: z.string(),
  version: z.string(),
  state: z.enum(MODEL_STATES),
  aliases: z.array(z.string()),
  reviews: z.array(reviewSchema),
}).meta({ id: 'ReviewedModel' });

/** An alias of a model, and the version that it points at. */
export const aliasAnswer = objectOf<AliasStretch & { readonly name: string }>({
  name: z.string(),
  ...aliasStretchShape,
}).meta({ id: 'Alias' });
