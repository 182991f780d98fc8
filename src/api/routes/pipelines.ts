import { createRoute, z } from '@hono/zod-openapi';
import type { OpenAPIHono } from '@hono/zod-openapi';
import { WindlassError } from '../../errors/windlass-error.ts';
import type { ApiDeps, ApiEnv } from '../deps.ts';
import { pipelineVersionSchema } from '../../contracts/build/pipeline-version-schema.ts';
import { answers, nameSchema } from '../schemas.ts';

const version = z
  .string()
  .regex(/^([0-9]+|latest)$/, 'expected a version or "latest"')
  .openapi({ example: '3', description: 'a version, or "latest"' });

/** Published pipelines: what retraining runs. */
export function addPipelineRoutes(api: OpenAPIHono<ApiEnv>, { registry }: ApiDeps): void {
  api.openapi(
    createRoute({
      method: 'get',
      path: '/api/v1/pipelines',
      summary: 'Published pipeline versions, newest first',
      request: { query: z.strictObject({ name: nameSchema.optional() }) },
      responses: answers(200, 'Pipeline versions', z.array(pipelineVersionSchema)),
    }),
    async (c) => c.json(await registry.pipelines(c.req.valid('query').name)),
  );

  api.openapi(
    createRoute({
      method: 'get',
      path: '/api/v1/pipelines/{name}/versions/{version}',
      summary: 'One published version with its source, specification and checks',
      request: { params: z.object({ name: nameSchema, version }) },
      responses: answers(200, 'The pipeline version', pipelineVersionSchema),
    }),
    async (c) => {
      const { name, version: wanted } = c.req.valid('param');
      const found = await registry.pipeline(name, wanted);
      if (found === undefined)
        throw new WindlassError('NOT_FOUND', `There is no pipeline version ${name}@${wanted}.`, {
          hint: 'GET /api/v1/pipelines lists what is published.',
        });
      return c.json(found);
    },
  );
}
