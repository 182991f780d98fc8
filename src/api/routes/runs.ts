import { createRoute, z } from '@hono/zod-openapi';
import type { OpenAPIHono } from '@hono/zod-openapi';
import { WorkflowNotFoundError } from '@temporalio/common';
import { PROGRESS_QUERY } from '../../contracts/progress.ts';
import { WindlassError } from '../../errors/windlass-error.ts';
import type { ApiDeps, ApiEnv } from '../deps.ts';
import { runAnswer } from '../answers/runs.ts';
import { answers } from '../schemas.ts';

const CALL_MS = 5_000;

/** Where a started workflow stands. */
export function addRunRoutes(api: OpenAPIHono<ApiEnv>, { temporal }: ApiDeps): void {
  api.openapi(
    createRoute({
      method: 'get',
      path: '/api/v1/workflows/{id}',
      summary: 'Status of a workflow, with the progress of its steps while a worker can tell it',
      request: { params: z.object({ id: z.string().min(1) }) },
      responses: answers(200, 'The workflow', runAnswer),
    }),
    async (c) => {
      const handle = temporal.workflow.getHandle(c.req.valid('param').id);
      const bounded = <T>(call: () => Promise<T>): Promise<T> =>
        temporal.withDeadline(Date.now() + CALL_MS, call);
      const run = await bounded(() => handle.describe()).catch((error: unknown) => {
        if (!(error instanceof WorkflowNotFoundError)) throw error;
        throw new WindlassError('NOT_FOUND', `There is no workflow ${handle.workflowId}.`);
      });
      // A query needs a worker; without one the status alone is answered.
      const progress = await bounded(() => handle.query(PROGRESS_QUERY)).catch(() => null);
      return c.json({
        workflowId: run.workflowId,
        runId: run.runId,
        workflow: run.type,
        status: run.status.name,
        startedAt: run.startTime.toISOString(),
        closedAt: run.closeTime?.toISOString() ?? null,
        progress,
      });
    },
  );
}
