import { createRoute, z } from '@hono/zod-openapi';
import type { OpenAPIHono } from '@hono/zod-openapi';
import { findRecord, findStanding } from '../../application/find-model.ts';
import { WindlassError } from '../../errors/windlass-error.ts';
import { modelSearchShape } from '../../contracts/model/model-search.ts';
import { formatReference } from '../../domain/registry/reference.ts';
import type { ApiDeps, ApiEnv } from '../deps.ts';
import { deviceAssignmentSchema, lineageSchema } from '../../contracts/model/lineage-schema.ts';
import { modelSummarySchema, modelVersionSchema } from '../../contracts/model/model-version-schema.ts';
import { aliasAnswer } from '../answers/models.ts';
import { answers, limitSchema, nameSchema, versionSchema } from '../schemas.ts';

const time = z
  .string()
  .refine((text) => !Number.isNaN(Date.parse(text)), 'expected a time, e.g. "2026-03-01T00:00:00Z"')
  .transform((text) => new Date(text));

/** Model versions, where they come from, where they went, and what an alias meant on a date. */
export function addModelRoutes(api: OpenAPIHono<ApiEnv>, { registry }: ApiDeps): void {
  api.openapi(
    createRoute({
      method: 'get',
      path: '/api/v1/models',
      summary: 'Model versions, newest first; all conditions must hold',
      request: {
        query: z.strictObject({
          ...modelSearchShape,
          name: nameSchema.optional(),
          alias: nameSchema.optional(),
          limit: limitSchema,
        }),
      },
      responses: answers(200, 'Model versions', z.array(modelSummarySchema)),
    }),
    async (c) => c.json(await registry.search(c.req.valid('query'))),
  );

  api.openapi(
    createRoute({
      method: 'get',
      path: '/api/v1/models/{name}/versions/{version}',
      summary: 'One model version with its gates, comparison and artefacts',
      request: { params: z.object({ name: nameSchema, version: versionSchema }) },
      responses: answers(200, 'The model version', modelVersionSchema),
    }),
    async (c) => {
      const model = await findRecord(registry, formatReference(c.req.valid('param')));
      return c.json({ ...model, image: (await registry.image(model.name, model.version)) ?? null });
    },
  );

  api.openapi(
    createRoute({
      method: 'get',
      path: '/api/v1/models/{name}/versions/{version}/lineage',
      summary: 'From the version back to commit and data, and forward to rollouts and devices',
      request: { params: z.object({ name: nameSchema, version: versionSchema }) },
      responses: answers(200, 'The lineage', lineageSchema),
    }),
    async (c) => {
      const { name, version } = await findStanding(registry, formatReference(c.req.valid('param')));
      return c.json(await registry.lineage(name, version));
    },
  );

  api.openapi(
    createRoute({
      method: 'get',
      path: '/api/v1/models/{name}/aliases/{alias}',
      summary: 'The version that an alias points at, or pointed at on a date, and who made it so',
      request: {
        params: z.object({ name: nameSchema, alias: nameSchema }),
        query: z.strictObject({ at: time.optional().openapi({ type: 'string', format: 'date-time' }) }),
      },
      responses: answers(200, 'The alias', aliasAnswer),
    }),
    async (c) => {
      const { name, alias } = c.req.valid('param');
      const { at } = c.req.valid('query');
      const found = await registry.aliasAt(name, alias, at ?? new Date());
      if (found === undefined)
        throw new WindlassError(
          'NOT_FOUND',
          `${name}@${alias} pointed at no version${at === undefined ? '' : ` at ${at.toISOString()}`}.`,
        );
      return c.json({ name, ...found });
    },
  );

  api.openapi(
    createRoute({
      method: 'get',
      path: '/api/v1/devices/{id}/history',
      summary: 'What a device was given, since when, and why; newest first',
      request: { params: z.object({ id: z.string().min(1).max(128) }) },
      responses: answers(200, 'The history', z.array(deviceAssignmentSchema)),
    }),
    async (c) => {
      const { id } = c.req.valid('param');
      const history = await registry.deviceHistory(id);
      if (history.length === 0)
        throw new WindlassError('NOT_FOUND', `The device ${id} has not been given any version.`, {
          hint: 'Device ids are those of the hub; a device enters the history with its first rollout.',
        });
      return c.json(history);
    },
  );
}
