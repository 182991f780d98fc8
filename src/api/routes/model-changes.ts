import { createRoute, z } from '@hono/zod-openapi';
import type { OpenAPIHono } from '@hono/zod-openapi';
import { findStanding } from '../../application/find-model.ts';
import { parseInput } from '../../errors/parse-input.ts';
import type { Actor } from '../../contracts/audit.ts';
import type { ModelFinder } from '../../ports/registry/model-search.ts';
import type { ModelVersions } from '../../ports/registry/model-versions.ts';
import type { Reviews } from '../../ports/registry/reviews.ts';
import { IDENTIFIERS } from '../../contracts/identifiers.ts';
import { formatReference } from '../../domain/registry/reference.ts';
import { readBody } from '../body.ts';
import type { ApiDeps, ApiEnv } from '../deps.ts';
import { actorOf, registryFor } from '../principal.ts';
import { aliasAnswer, reviewedModelAnswer } from '../answers/models.ts';
import { aliasStretchSchema } from '../../contracts/model/review-schema.ts';
import { answers, jsonBody, nameSchema, versionSchema } from '../schemas.ts';

type Target = { readonly name: string; readonly version: string };

const why = z.strictObject({
  actor: z.string().min(1).optional(),
  reason: z.string().min(1, 'expected why'),
});
const WHY = { reason: 'seen in the report' };
const reviewed = (decision: 'approve' | 'reject') => (registry: Reviews, target: Target, by: Actor) =>
  registry.reviewModel({ ...target, decision }, by);
const changed =
  (to: 'retired' | 'archived' | 'registered') => (registry: Reviews, target: Target, by: Actor) =>
    registry.changeState({ ...target, to }, by);

const CHANGES = {
  approve: { summary: 'Say yes to a version', change: reviewed('approve') },
  reject: { summary: 'Say no to a version, or take an approval back', change: reviewed('reject') },
  retire: { summary: 'Take a version out of use', change: changed('retired') },
  archive: { summary: 'Take a version out of use and keep its bytes for good', change: changed('archived') },
  restore: { summary: 'Take a version back into use', change: changed('registered') },
} as const;

/**
 * What people decide about versions: approvals, states, aliases, tags. The actor is the owner of
 * the token.
 */
export function addModelChangeRoutes(api: OpenAPIHono<ApiEnv>, deps: ApiDeps): void {
  for (const [action, { summary, change }] of Object.entries(CHANGES))
    api.openapi(
      createRoute({
        method: 'post',
        path: `/api/v1/models/{name}/versions/{version}/${action}`,
        summary,
        request: {
          params: z.object({ name: nameSchema, version: versionSchema }),
          body: jsonBody(why, WHY),
        },
        responses: answers(200, 'The version', reviewedModelAnswer),
      }),
      async (c) => {
        const body = parseInput(why, await readBody(c), { what: `The request to ${action}`, example: WHY });
        const { name = '', version: asked = '' } = c.req.param() as Record<string, string | undefined>;
        const version = await numberOf(deps.registry, name, asked);
        const by = { actor: actorOf(c, body.actor), reason: body.reason };
        const { state, aliases } = await change(registryFor(c, deps), { name, version }, by);
        const reviews = await deps.registry.reviews(name, version);
        return c.json({ name, version, state, aliases, reviews });
      },
    );
  addAliasRoutes(api, deps);
  addTagRoute(api, deps);
}

async function numberOf(
  registry: ModelFinder & Pick<ModelVersions, 'standing'>,
  name: string,
  asked: string,
): Promise<string> {
  const { version } = await findStanding(registry, formatReference({ name, version: asked }));
  return version;
}

function addAliasRoutes(api: OpenAPIHono<ApiEnv>, deps: ApiDeps): void {
  const set = z.strictObject({
    version: z.string().regex(IDENTIFIERS.version, 'expected the number of a version'),
    actor: z.string().min(1).optional(),
    reason: z.string().default(''),
  });
  const example = { version: '3', reason: 'rolled out by hand' };
  const params = z.object({ name: nameSchema, alias: nameSchema });
  api.openapi(
    createRoute({
      method: 'get',
      path: '/api/v1/models/{name}/aliases',
      summary: 'What aliases pointed at, since when, who made it so and who had approved; newest first',
      request: {
        params: z.object({ name: nameSchema }),
        query: z.strictObject({ alias: nameSchema.optional() }),
      },
      responses: answers(200, 'Stretches', z.array(aliasStretchSchema)),
    }),
    async (c) =>
      c.json(await deps.registry.aliasHistory(c.req.valid('param').name, c.req.valid('query').alias)),
  );
  api.openapi(
    createRoute({
      method: 'put',
      path: '/api/v1/models/{name}/aliases/{alias}',
      summary: 'Point an alias at a version, if the policy of the project allows it',
      request: { params, body: jsonBody(set, example) },
      responses: answers(200, 'The alias', aliasAnswer),
    }),
    async (c) => {
      const { name, alias } = c.req.valid('param');
      const body = parseInput(set, await readBody(c), { what: 'The alias', example });
      const by = { actor: actorOf(c, body.actor), reason: body.reason };
      await registryFor(c, deps).setAlias({ name, alias, version: body.version }, by);
      const [current] = await deps.registry.aliasHistory(name, alias);
      return c.json({ name, ...current });
    },
  );
  api.openapi(
    createRoute({
      method: 'delete',
      path: '/api/v1/models/{name}/aliases/{alias}',
      summary: 'End an alias; its history stays',
      request: { params, query: z.strictObject({ reason: z.string().default('') }) },
      responses: answers(204, 'It points at nothing'),
    }),
    async (c) => {
      const { reason } = c.req.valid('query');
      await registryFor(c, deps).removeAlias(c.req.valid('param'), { actor: actorOf(c), reason });
      return c.body(null, 204);
    },
  );
}

function addTagRoute(api: OpenAPIHono<ApiEnv>, deps: ApiDeps): void {
  const body = z.strictObject({
    tags: z.record(z.string(), z.string().nullable()),
    actor: z.string().min(1).optional(),
    reason: z.string().default(''),
  });
  const example = { tags: { site: 'north', ticket: null } };
  api.openapi(
    createRoute({
      method: 'patch',
      path: '/api/v1/models/{name}/versions/{version}/tags',
      summary: 'Set tags of a version; null removes one',
      request: {
        params: z.object({ name: nameSchema, version: versionSchema }),
        body: jsonBody(body, example),
      },
      responses: answers(200, 'The tags', z.record(z.string(), z.string())),
    }),
    async (c) => {
      const { name, version: asked } = c.req.valid('param');
      const { tags, actor, reason } = parseInput(body, await readBody(c), { what: 'The tags', example });
      const version = await numberOf(deps.registry, name, asked);
      await registryFor(c, deps).setTags({ name, version, tags }, { actor: actorOf(c, actor), reason });
      return c.json(await deps.registry.tags(name, version));
    },
  );
}
