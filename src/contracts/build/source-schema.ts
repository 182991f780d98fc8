import { z } from 'zod';
import { artefactRefSchema } from '../artefact.ts';
import { objectOf } from '../object-schema.ts';
import type { RunIdentity, SourceRef } from './source.ts';

export const sourceRefSchema = objectOf<SourceRef>({
  repository: z.string(),
  subfolder: z.string(),
  commit: z.string(),
  ref: z.string(),
  dirty: z.boolean(),
  bundle: artefactRefSchema,
});

export const runIdentitySchema = objectOf<RunIdentity>({ workflowId: z.string(), runId: z.string() });
