import type { OpenAPIHono } from '@hono/zod-openapi';
import type { ApiDeps, ApiEnv } from '../deps.ts';
import type { ApiMetrics } from '../metrics.ts';
import { messageOf } from '../../base/error-message.ts';

const PROBE_MS = 3_000;

/** Is the process alive, are the parts that it needs there, and what has it done? */
export function addSystemRoutes(api: OpenAPIHono<ApiEnv>, deps: ApiDeps, metrics: ApiMetrics): void {
  api.get('/healthz', (c) => c.json({ status: 'ok' }));
  api.get('/readyz', async (c) => {
    const results = await Promise.all(
      Object.entries(deps.probes).map(async ([name, probe]) => [name, await outcome(probe)] as const),
    );
    const ready = results.every(([, result]) => result === 'ok');
    return c.json({ ready, parts: Object.fromEntries(results) }, ready ? 200 : 503);
  });
  api.get('/metrics', async (c) =>
    c.text(await metrics.text(), 200, { 'content-type': metrics.contentType }),
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
