import { z } from 'zod';
import { gateResultSchema } from '../gate.ts';
import { objectOf, timeSchema } from '../object-schema.ts';
import { projectSchema } from '../project/project.ts';
import type { PipelineVersion } from './pipeline-version.ts';
import { sourceRefSchema } from './source-schema.ts';

export const pipelineVersionSchema = objectOf<PipelineVersion>({
  name: z.string(),
  version: z.string(),
  digest: z.string(),
  source: sourceRefSchema,
  environment: z.string(),
  spec: projectSchema,
  checks: z.array(gateResultSchema),
  createdAt: timeSchema,
}).meta({ id: 'PipelineVersion' });
