import { z } from 'zod';
import { auditEventSchema } from '../audit-schema.ts';
import { runIdentitySchema } from '../build/source-schema.ts';
import { objectOf, timeSchema } from '../object-schema.ts';
import { packagedImageSchema } from '../packaging/image-schema.ts';
import type { DeviceAssignment, Lineage } from './lineage.ts';

const deploymentSchema = objectOf<Lineage['deployments'][number]>({
  rolloutId: z.string(),
  outcome: z.string().describe('"running" while it goes on'),
  startedAt: timeSchema,
  finishedAt: timeSchema.nullable(),
});

export const lineageSchema = objectOf<Lineage>({
  model: z.object({ name: z.string(), version: z.string(), digest: z.string() }),
  run: runIdentitySchema,
  pipeline: z.object({ name: z.string(), version: z.string() }).nullable(),
  origin: z.literal('imported').optional(),
  importedFile: z.string().optional(),
  missing: z.array(z.string()).optional(),
  commit: z.string().nullable(),
  repository: z.string().nullable(),
  environment: z.string().nullable(),
  data: z.array(z.object({ path: z.string(), sha256: z.string() })),
  dataDigest: z.string().nullable(),
  image: packagedImageSchema.nullable(),
  deployments: z.array(deploymentSchema),
  devices: z.array(z.string()),
  audit: z.array(auditEventSchema),
}).meta({ id: 'Lineage' });

export const deviceAssignmentSchema = objectOf<DeviceAssignment>({
  deviceId: z.string(),
  model: z.string(),
  version: z.string(),
  rolloutId: z.string().nullable(),
  ring: z.string().nullable(),
  since: timeSchema,
  until: timeSchema.nullable(),
  reason: z.string(),
}).meta({ id: 'DeviceAssignment' });
