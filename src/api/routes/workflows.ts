import { createHash, randomUUID } from 'node:crypto';
import { createRoute, z } from '@hono/zod-openapi';
import type { OpenAPIHono } from '@hono/zod-openapi';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import type { Context } from 'hono';
import { BUILD_EXAMPLE, buildInputSchema } from '../../contracts/build/build.ts';
import { DEPLOY_EXAMPLE, deployInputSchema } from '../../contracts/packaging/deploy.ts';
import { dataEventSchema, MONITOR_EXAMPLE, monitorInputSchema } from '../../contracts/monitoring/monitor.ts';
import type { Action } from '../../contracts/roles.ts';
import { NEW_DATA_SIGNAL, TASK_QUEUES, workflowIds, WORKFLOWS } from '../../contracts/names.ts';
import { parseReference } from '../../domain/registry/reference.ts';
import { asksToDeploy } from '../../domain/registry/roles.ts';
import { WindlassError } from '../../errors/windlass-error.ts';
import { readBody } from '../body.ts';
import type { ApiDeps, ApiEnv } from '../deps.ts';
import { allow } from '../principal.ts';
import { answers, jsonBody, parseBody, started } from '../schemas.ts';

interface Start {
  readonly path: string;
  readonly workflow: keyof typeof WORKFLOWS;
  readonly action: Action;
  readonly schema: z.ZodType<object>;
  readonly example: object;
  readonly summary: string;
}

const STARTS: readonly Start[] = [
  {
    path: '/api/v1/builds',
    workflow: 'buildAndTrain',
    action: 'build',
    schema: buildInputSchema,
    example: BUILD_EXAMPLE,
    summary: 'Build, train, judge and register a version',
  },
  {
    path: '/api/v1/deployments',
    workflow: 'packageAndDeploy',
    action: 'deploy',
    schema: deployInputSchema,
    example: DEPLOY_EXAMPLE,
    summary: 'Package a version and roll it out in rings',
  },
  {
    path: '/api/v1/monitor-runs',
    workflow: 'monitorAndRetrain',
    action: 'monitor',
    schema: monitorInputSchema,
    example: MONITOR_EXAMPLE,
    summary: 'Judge what devices saw, and retrain when the policy says so',
  },
];
const CALL_MS = 15_000;
const idempotencyHeader = z.object({
  'idempotency-key': z
    .string()
    .min(1)
    .max(200)
    .optional()
    .openapi({ description: 'The same key again finds the first start instead of making another' }),
});

/** The three pipelines and the new-data event, each started by one JSON object. */
export function addWorkflowRoutes(api: OpenAPIHono<ApiEnv>, { temporal, registry, access }: ApiDeps): void {
  for (const { path, workflow, action, schema, example, summary } of STARTS)
    api.openapi(
      createRoute({
        method: 'post',
        path,
        summary,
        request: {
          headers: idempotencyHeader,
          body: jsonBody(schema, example),
        },
        responses: answers(202, 'Started', started),
      }),
      async (c) => {
        const body = await readBody(c);
        const parsed = parseBody(schema, body, { what: `The input of ${workflow}`, example });
        const asked = { action, project: projectOf(parsed), named: actorIn(body) };
        const actor = await allow(c, access, asked);
        if (asksToDeploy(parsed)) await allow(c, access, { ...asked, action: 'deploy' });
        const input = c.get('principal').actor === null ? parsed : { ...parsed, actor };
        const workflowId = idFor(workflow, c.req.header('idempotency-key'));
        const runId = await temporal.withDeadline(Date.now() + CALL_MS, () =>
          startOnce({ temporal }, { workflow, workflowId, input }),
        );
        return accepted(c, { workflowId, runId, workflow });
      },
    );

  const example = { model: 'pump-health', data: 'data/pumps' };
  api.openapi(
    createRoute({
      method: 'post',
      path: '/api/v1/data-events',
      summary: 'Tell that new data has arrived; events of a model are gathered into one retrain',
      request: {
        headers: idempotencyHeader,
        body: jsonBody(dataEventSchema, example),
      },
      responses: answers(202, 'Taken', started),
    }),
    async (c) => {
      const body = await readBody(c);
      const given = parseBody(dataEventSchema, body, { what: 'The data event', example });
      const asked = { action: 'build', project: given.model, named: actorIn(body) } as const;
      const actor = await allow(c, access, asked);
      const key = c.req.header('idempotency-key');
      const event = {
        ...given,
        id: given.id ?? key,
        ...(c.get('principal').actor === null ? {} : { actor }),
      };
      // Without this a mistyped name would start a coordinator that waits for ever.
      if ((await registry.models({ name: event.model, limit: 1 })).length === 0)
        throw new WindlassError('NOT_FOUND', `No version of the model "${event.model}" is registered.`);
      const workflowId = workflowIds.retrainCoordinator(event.model);
      const handle = await temporal.withDeadline(Date.now() + CALL_MS, () =>
        temporal.workflow.signalWithStart(WORKFLOWS.retrainCoordinator, {
          workflowId,
          taskQueue: TASK_QUEUES.control,
          args: [{ model: event.model }],
          signal: NEW_DATA_SIGNAL,
          signalArgs: [event],
          staticSummary: `new data for ${event.model}`,
        }),
      );
      return accepted(c, { workflowId, runId: handle.signaledRunId, workflow: 'retrainCoordinator' });
    },
  );
}

/**
 * The model that an input is about: roles are granted on models. A build from source knows its
 * model only later.
 */
function projectOf(input: object): string | undefined {
  const { model, pipeline } = input as { model?: unknown; pipeline?: unknown };
  const reference = [pipeline, model].find((value) => typeof value === 'string');
  return reference === undefined ? undefined : parseReference(reference)?.name;
}

/** Who the body says it is, before defaults fill the gap. */
function actorIn(body: unknown): string | undefined {
  const actor = (body as { actor?: unknown } | null)?.actor;
  return typeof actor === 'string' ? actor : undefined;
}

function idFor(workflow: string, key: string | undefined): string {
  if (key === undefined) return `${workflow}-${randomUUID()}`;
  return `${workflow}-${createHash('sha256').update(key).digest('hex').slice(0, 32)}`;
}

/** Starts the workflow, or gives the run that this id had already. */
async function startOnce(
  { temporal }: Pick<ApiDeps, 'temporal'>,
  { workflow, workflowId, input }: { workflow: string; workflowId: string; input: object },
): Promise<string> {
  try {
    const handle = await temporal.workflow.start(workflow, {
      workflowId,
      taskQueue: TASK_QUEUES.control,
      args: [input],
      workflowIdReusePolicy: 'REJECT_DUPLICATE',
      staticSummary: 'started through the HTTP API',
    });
    return handle.firstExecutionRunId;
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    return (await temporal.workflow.getHandle(workflowId).describe()).runId;
  }
}

function accepted(c: Context<ApiEnv>, run: z.infer<typeof started>) {
  c.header('location', `/api/v1/workflows/${encodeURIComponent(run.workflowId)}`);
  return c.json(run, 202);
}
