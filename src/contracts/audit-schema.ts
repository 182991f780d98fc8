import { z } from 'zod';
import type { AuditEvent, AuditVerdict } from './audit.ts';
import { countSchema, objectOf, timeSchema } from './object-schema.ts';

export const auditEventSchema = objectOf<AuditEvent>({
  seq: countSchema,
  at: timeSchema,
  actor: z.string(),
  action: z.string(),
  subject: z.string(),
  reason: z.string(),
  details: z.record(z.string(), z.unknown()),
}).meta({ id: 'AuditEvent' });

export const auditVerdictSchema = objectOf<AuditVerdict>({
  ok: z.boolean(),
  entries: countSchema,
  head: z.string(),
  brokenAt: countSchema.optional(),
  reason: z.string().optional(),
}).meta({ id: 'AuditVerdict' });
