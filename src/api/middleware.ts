import { randomUUID } from 'node:crypto';
import type { MiddlewareHandler } from 'hono';
import { WindlassError } from '../errors/windlass-error.ts';
import type { ApiDeps, ApiEnv } from './deps.ts';
import type { ApiMetrics } from './metrics.ts';

const OPEN = new Set(['/healthz', '/readyz']);

/**
 * Gives each request an id (the caller's X-Request-Id when it is a plain one), a logger with it,
 * and a line at its end.
 */
export function requestContext(
  deps: Pick<ApiDeps, 'logger'>,
  metrics: ApiMetrics,
): MiddlewareHandler<ApiEnv> {
  return async (c, next) => {
    const given = c.req.header('x-request-id');
    const requestId = given !== undefined && /^[\w.-]{1,64}$/.test(given) ? given : randomUUID();
    const logger = deps.logger.child({ requestId });
    c.set('requestId', requestId);
    c.set('logger', logger);
    c.header('x-request-id', requestId);
    c.header('x-content-type-options', 'nosniff');
    const started = performance.now();
    await next();
    const seconds = (performance.now() - started) / 1000;
    const { method, path } = c.req;
    const { status } = c.res;
    metrics.observe(c, { status, seconds });
    const level = OPEN.has(path) || path === '/metrics' ? 'debug' : 'info';
    logger[level]({ method, path, status, ms: Math.round(seconds * 1000) }, 'request');
  };
}

/**
 * Without a token only this machine may call: a web page in a browser here could otherwise reach
 * the API under a name that resolves to this machine (DNS rebinding), so the Host must be a
 * loopback one, but for `signed` paths.
 */
export function requireLoopbackHost(
  token: string | undefined,
  signed: ReadonlySet<string>,
): MiddlewareHandler<ApiEnv> {
  return async (c, next) => {
    const host = (c.req.header('host') ?? 'localhost').replace(/:\d+$/, '');
    if (token !== undefined || isLoopback(host) || signed.has(c.req.path)) return next();
    throw new WindlassError(
      'FORBIDDEN',
      `Without a token the API answers only to this machine, not as ${host}.`,
    );
  };
}

export function isLoopback(host: string): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|\[?::1\]?)$/i.test(host);
}
