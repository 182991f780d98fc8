import { createRoute, z } from '@hono/zod-openapi';
import type { OpenAPIHono } from '@hono/zod-openapi';
import { ROLLOUT_MESSAGES } from '../../contracts/rollout/messages.ts';
import { parseInput } from '../../errors/parse-input.ts';
import { WindlassError } from '../../errors/windlass-error.ts';
import type { StoredRollout } from '../../ports/rollout-store.ts';
import { readBody } from '../body.ts';
import type { ApiDeps, ApiEnv } from '../deps.ts';
import { allow } from '../principal.ts';
import { rolloutAnswer, rolloutWithDevicesAnswer, steeredAnswer } from '../answers/rollouts.ts';
import { answers, jsonBody, limitSchema, nameSchema } from '../schemas.ts';

const who = {
  actor: z.string().min(1, 'expected who asks for it'),
  reason: z.string().min(1, 'expected why'),
};
/** What each way to steer takes; the workflow checks again whether it may happen now. */
const STEER = {
  pause: { schema: z.strictObject(who), message: ROLLOUT_MESSAGES.pause },
  resume: { schema: z.strictObject(who), message: ROLLOUT_MESSAGES.resume },
  approve: {
    schema: z.strictObject({ ring: z.string().min(1, 'expected the name of a ring'), ...who }),
    message: ROLLOUT_MESSAGES.approve,
  },
  abort: {
    schema: z.strictObject({ mode: z.enum(['keep', 'revert']).default('revert'), ...who }),
    message: ROLLOUT_MESSAGES.abort,
  },
} as const;
const UPDATE_MS = 30_000;

/** Rollouts: how they stand, and the ways to steer one. */
export function addRolloutRoutes(api: OpenAPIHono<ApiEnv>, { rollouts, temporal, access }: ApiDeps): void {
  const find = async (id: string): Promise<StoredRollout> => {
    const rollout = await rollouts.rollout(id);
    if (rollout !== undefined) return rollout;
    throw new WindlassError('NOT_FOUND', `There is no rollout ${id}.`, {
      hint: 'GET /api/v1/rollouts lists them.',
    });
  };

  api.openapi(
    createRoute({
      method: 'get',
      path: '/api/v1/rollouts',
      summary: 'Rollouts, newest first',
      request: { query: z.strictObject({ model: nameSchema.optional(), limit: limitSchema }) },
      responses: answers(200, 'Rollouts with their rings', z.array(rolloutAnswer)),
    }),
    async (c) => c.json(await rollouts.rollouts(c.req.valid('query'))),
  );

  api.openapi(
    createRoute({
      method: 'get',
      path: '/api/v1/rollouts/{id}',
      summary: 'One rollout with its rings and devices',
      request: { params: z.object({ id: z.string().min(1) }) },
      responses: answers(200, 'The rollout', rolloutWithDevicesAnswer),
    }),
    async (c) => {
      const rollout = await find(c.req.valid('param').id);
      return c.json({ ...rollout, assigned: await rollouts.devices(rollout.rolloutId) });
    },
  );

  for (const [action, { schema, message }] of Object.entries(STEER)) {
    const ring = action === 'approve' ? 'fleet' : undefined;
    const example = { actor: 'ada', reason: 'seen in the report', ring };
    api.openapi(
      createRoute({
        method: 'post',
        path: `/api/v1/rollouts/{id}/${action}`,
        summary: `${action} a rollout; answered when the workflow has taken it`,
        request: { params: z.object({ id: z.string().min(1) }), body: jsonBody(schema, example) },
        responses: answers(200, 'Taken', steeredAnswer),
      }),
      async (c) => {
        const body = parseInput(schema as z.ZodType<{ actor: string }>, await readBody(c), {
          what: `The request to ${action}`,
          example,
        });
        const { rolloutId, workflowId, model: project } = await find(c.req.param('id') ?? '');
        await allow(c, access, { action: 'deploy', project, named: body.actor });
        const status: unknown = await temporal.withDeadline(Date.now() + UPDATE_MS, () =>
          temporal.workflow.getHandle(workflowId).executeUpdate(message, { args: [body] }),
        );
        return c.json({ rolloutId, action, status });
      },
    );
  }
}
