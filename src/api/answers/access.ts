import { z } from '@hono/zod-openapi';
import { objectOf, timeSchema } from '../../contracts/object-schema.ts';
import { ROLES } from '../../contracts/roles.ts';
import type { ApiToken, StoredGrant } from '../../ports/access.ts';

export const grantAnswer = objectOf<StoredGrant>({
  actor: z.string(),
  project: z.string().describe('the name of a model, or * for all'),
  role: z.enum(ROLES),
  grantedAt: timeSchema,
  grantedBy: z.string(),
}).meta({ id: 'Grant' });

const tokenShape = {
  id: z.string(),
  actor: z.string(),
  createdAt: timeSchema,
  createdBy: z.string(),
  expiresAt: timeSchema.nullable(),
  revokedAt: timeSchema.nullable(),
} as const;

export const tokenAnswer = objectOf<ApiToken>(tokenShape).meta({ id: 'Token' });

export const newTokenAnswer = objectOf<ApiToken & { readonly token: string }>({
  ...tokenShape,
  token: z.string().describe('the secret; no other answer holds it'),
}).meta({ id: 'NewToken' });
