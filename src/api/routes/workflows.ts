import { createRoute, z } from '@hono/zod-openapi';
import type { OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { BUILD_EXAMPLE, buildInputSchema } from '../../contracts/build/build.ts';
import { DEPLOY_EXAMPLE, deployInputSchema } from '../../contracts/packaging/deploy.ts';
import { dataEventSchema, MONITOR_EXAMPLE, monitorInputSchema } from '../../contracts/monitoring/monitor.ts';
import type { Action } from '../../contracts/roles.ts';
import { NEW_DATA_SIGNAL, workflowIds, WORKFLOWS } from '../../contracts/names.ts';
import { parseReference } from '../../domain/registry/reference.ts';
import { asksToDeploy } from '../../domain/registry/roles.ts';
import { parseInput } from '../../errors/parse-input.ts';
import { WindlassError } from '../../errors/windlass-error.ts';
import { readBody } from '../body.ts';
import type { ApiDeps, ApiEnv } from '../deps.ts';
import { allow } from '../principal.ts';
import { startedAnswer } from '../answers/runs.ts';
import { answers, jsonBody } from '../schemas.ts';

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
export function addWorkflowRoutes(api: OpenAPIHono<ApiEnv>, { starter, registry, access }: ApiDeps): void {
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
        responses: answers(202, 'Started', startedAnswer),
      }),
      async (c) => {
        const body = await readBody(c);
        const parsed = parseInput(schema, body, { what: `The input of ${workflow}`, example });
        const asked = { action, project: projectOf(parsed), named: actorIn(body) };
        const actor = await allow(c, access, asked);
        if (asksToDeploy(parsed)) await allow(c, access, { ...asked, action: 'deploy' });
        const input = c.get('principal').actor === null ? parsed : { ...parsed, actor };
        const run = await starter.start({
          workflow,
          input,
          idempotencyKey: c.req.header('idempotency-key'),
          summary: 'started through the HTTP API',
          withinMs: CALL_MS,
        });
        return accepted(c, { workflowId: run.workflowId, runId: run.runId, workflow });
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
      responses: answers(202, 'Taken', startedAnswer),
    }),
    async (c) => {
      const body = await readBody(c);
      const given = parseInput(dataEventSchema, body, { what: 'The data event', example });
      const asked = { action: 'build', project: given.model, named: actorIn(body) } as const;
      const actor = await allow(c, access, asked);
      const key = c.req.header('idempotency-key');
      const trusted = c.get('principal').actor === null;
      const event = { ...given, id: given.id ?? key, actor: trusted ? given.actor : actor };
      // Without this a mistyped name would start a coordinator that waits for ever.
      if ((await registry.models({ name: event.model, limit: 1 })).length === 0)
        throw new WindlassError('NOT_FOUND', `No version of the model "${event.model}" is registered.`);
      const workflow = WORKFLOWS.retrainCoordinator;
      const run = await starter.signalWithStart({
        workflow,
        workflowId: workflowIds.retrainCoordinator(event.model),
        input: { model: event.model },
        signal: NEW_DATA_SIGNAL,
        message: event,
        summary: `new data for ${event.model}`,
        withinMs: CALL_MS,
      });
      return accepted(c, { workflowId: run.workflowId, runId: run.runId, workflow });
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

function accepted(c: Context<ApiEnv>, run: z.infer<typeof startedAnswer>) {
  c.header('location', `/api/v1/workflows/${encodeURIComponent(run.workflowId)}`);
  return c.json(run, 202);
}
