import { z } from 'zod';
import { artefactRefSchema } from '../artefact.ts';
import { countSchema, objectOf } from '../object-schema.ts';
import type { DataRef } from './data-set.ts';

export const dataRefSchema = objectOf<DataRef>({
  digest: z.string(),
  source: z.string(),
  files: countSchema,
  rows: countSchema,
  columns: z.array(z.string()).optional(),
  from: z.string().nullable().optional(),
  to: z.string().nullable().optional(),
  devices: countSchema.optional(),
  manifest: artefactRefSchema,
}).meta({ id: 'DataRef' });
