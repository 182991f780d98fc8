import type { Context } from 'hono';
import { routePath } from 'hono/route';
import { collectDefaultMetrics, Counter, Histogram, Registry } from 'prom-client';
import type { ApiEnv } from './deps.ts';

export interface ApiMetrics {
  observe(c: Context<ApiEnv>, outcome: { status: number; seconds: number }): void;
  readonly contentType: string;
  text(): Promise<string>;
}

/**
 * Requests counted and timed by route (the pattern, never the path: its ids would be endless), and
 * the process itself.
 */
export function createMetrics(): ApiMetrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const requests = new Counter({
    name: 'windlass_http_requests_total',
    help: 'HTTP requests by method, route and status',
    labelNames: ['method', 'route', 'status'] as const,
    registers: [registry],
  });
  const duration = new Histogram({
    name: 'windlass_http_request_seconds',
    help: 'Duration of HTTP requests in seconds',
    labelNames: ['method', 'route'] as const,
    buckets: [0.005, 0.02, 0.1, 0.5, 2, 10],
    registers: [registry],
  });
  return {
    observe: (c, { status, seconds }) => {
      const pattern = routePath(c, -1);
      const route = pattern === '/*' || pattern === '*' ? 'none' : pattern;
      const { method } = c.req;
      requests.inc({ method, route, status: String(status) });
      duration.observe({ method, route }, seconds);
    },
    contentType: registry.contentType,
    text: () => registry.metrics(),
  };
}
