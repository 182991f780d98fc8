import { createRoute, z } from '@hono/zod-openapi';
import type { OpenAPIHono } from '@hono/zod-openapi';
import type { ApiDeps, ApiEnv } from '../deps.ts';
import type { ApiMetrics } from '../metrics.ts';
import { aliveAnswer, readyAnswer } from '../answers/system.ts';
import { answers } from '../schemas.ts';
import { messageOf } from '../../base/error-message.ts';

const PROBE_MS = 3_000;

/** Is the process alive, are the parts that it needs there, and what has it done? */
export function addSystemRoutes(api: OpenAPIHono<ApiEnv>, deps: ApiDeps, metrics: ApiMetrics): void {
  api.openapi(
    createRoute({
      method: 'get',
      path: '/healthz',
      summary: 'Does the process answer?',
      responses: answers(200, 'It does', aliveAnswer),
    }),
    (c) => c.json({ status: 'ok' }),
  );
  api.openapi(
    createRoute({
      method: 'get',
      path: '/readyz',
      summary: 'Do the parts that the API cannot do without answer?',
      responses: {
        200: { description: 'All do', content: { 'application/json': { schema: readyAnswer } } },
        503: { description: 'Some do not', content: { 'application/json': { schema: readyAnswer } } },
      },
    }),
    async (c) => {
      const results = await Promise.all(
        Object.entries(deps.probes).map(async ([name, probe]) => [name, await outcome(probe)] as const),
      );
      const ready = results.every(([, result]) => result === 'ok');
      return c.json({ ready, parts: Object.fromEntries(results) }, ready ? 200 : 503);
    },
  );
  api.openapi(
    createRoute({
      method: 'get',
      path: '/metrics',
      summary: 'Metrics of requests and of the process, for Prometheus',
      responses: {
        200: { description: 'In the text format', content: { 'text/plain': { schema: z.string() } } },
      },
    }),
    async (c) => c.text(await metrics.text(), 200, { 'content-type': metrics.contentType }),
  );
}

async function outcome(probe: () => Promise<unknown>): Promise<string> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${PROBE_MS / 1000} s`)), PROBE_MS);
  });
  try {
    await Promise.race([probe(), late]);
    return 'ok';
  } catch (error) {
    return messageOf(error);
  } finally {
    clearTimeout(timer);
  }
}
