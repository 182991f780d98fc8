import { z } from 'zod';
import { gateResultSchema } from './gate.ts';
import { objectOf } from './object-schema.ts';
import type { PipelineProgress, StepProgress } from './progress.ts';

const stepProgressSchema = objectOf<StepProgress>({
  name: z.string(),
  status: z.enum(['waiting', 'running', 'done', 'cached', 'failed', 'skipped']),
  seconds: z.number().nullable(),
  message: z.string(),
});

export const pipelineProgressSchema = objectOf<PipelineProgress>({
  stage: z.string(),
  steps: z.array(stepProgressSchema),
  gates: z.array(gateResultSchema),
}).meta({ id: 'PipelineProgress' });
