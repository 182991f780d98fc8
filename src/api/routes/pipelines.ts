import { createRoute, z } from '@hono/zod-openapi';
import type { OpenAPIHono } from '@hono/zod-openapi';
import { findPipeline } from '../../application/find-pipeline.ts';
import { formatReference } from '../../domain/registry/reference.ts';
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
    async (c) => c.json(await findPipeline(registry, formatReference(c.req.valid('param')))),
  );
}
