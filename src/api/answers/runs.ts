import { z } from '@hono/zod-openapi';
import { timeSchema } from '../../contracts/object-schema.ts';
import { pipelineProgressSchema } from '../../contracts/progress-schema.ts';

export const startedAnswer = z
  .object({ workflowId: z.string(), runId: z.string(), workflow: z.string() })
  .meta({ id: 'StartedWorkflow' });

export const runAnswer = z
  .object({
    workflowId: z.string(),
    runId: z.string(),
    workflow: z.string(),
    status: z.string().meta({ examples: ['RUNNING', 'COMPLETED', 'FAILED'] }),
    startedAt: timeSchema,
    closedAt: timeSchema.nullable(),
    progress: pipelineProgressSchema.nullable().describe('null while no worker answers'),
  })
  .meta({ id: 'WorkflowRun' });

/** What a push started, one entry per trigger. */
export const pushedAnswer = z
  .object({
    started: z.array(
      z.object({
        workflowId: z.string(),
        runId: z.string(),
        project: z.string(),
        branch: z.string(),
        commit: z.string(),
      }),
    ),
    skipped: z.array(z.object({ project: z.string(), why: z.string() })),
  })
  .meta({ id: 'StartedBuilds' });

export const ignoredAnswer = z
  .union([z.object({ pong: z.literal(true) }), z.object({ ignored: z.string().describe('why') })])
  .meta({ id: 'NothingStarted' });
