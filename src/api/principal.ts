import { createHash, timingSafeEqual } from 'node:crypto';
import type { Context, MiddlewareHandler } from 'hono';
import type { Action } from '../contracts/roles.ts';
import { governRegistry } from '../application/governed-registry.ts';
import { WindlassError } from '../errors/windlass-error.ts';
import type { ApiDeps, ApiEnv } from './deps.ts';

/** What needs no token: the health checks, and the page of links. */
const OPEN = new Set(['/', '/healthz', '/readyz']);
/** The actor when nobody was named. */
const NOBODY = 'api';

/**
 * Finds out who calls, by the bearer token. The API's own token is admin; others belong to an
 * actor, whose roles count. Without a token only an API that has none of its own, and no grant,
 * lets anybody in. `signed` paths check a signature of their own.
 */
export function authenticate(
  { token, access }: Pick<ApiDeps, 'token' | 'access'>,
  signed: ReadonlySet<string>,
): MiddlewareHandler<ApiEnv> {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  const own = token === undefined ? undefined : digest(token);
  return async (c, next) => {
    if (OPEN.has(c.req.path) || signed.has(c.req.path)) return next();
    const given = /^Bearer (.+)$/i.exec(c.req.header('authorization') ?? '')?.[1];
    const actor = await (async (): Promise<string | null | undefined> => {
      if (given !== undefined && own !== undefined && timingSafeEqual(digest(given), own)) return null;
      const owner = given === undefined ? undefined : await access.actorOf(given);
      if (owner !== undefined) return owner;
      return own === undefined && !(await access.enforced()) ? null : undefined;
    })();
    if (actor === undefined)
      throw new WindlassError('FORBIDDEN', 'This needs a token of the API.', {
        hint: 'Send the header "Authorization: Bearer …" with the value of WINDLASS_API_TOKEN, or with a token of your own (`windlass tokens create`).',
      });
    c.set('principal', { actor });
    if (actor !== null) await access.check(actor, { action: 'read' });
    return next();
  };
}

/**
 * The actor: the owner of the token; only a trusted caller may name somebody else. Throws
 * FORBIDDEN.
 */
export function actorOf(c: Context<ApiEnv>, named?: string): string {
  const { actor } = c.get('principal');
  if (actor === null) return named ?? NOBODY;
  if (named === undefined || named === actor) return actor;
  throw new WindlassError('FORBIDDEN', `The token belongs to ${actor}, so ${named} cannot be the actor.`, {
    hint: 'Leave "actor" out, or send the token of that actor.',
  });
}

/**
 * Checks the caller's role and returns the caller's name; a trusted caller needs no role. Throws
 * FORBIDDEN.
 */
export async function allow(
  c: Context<ApiEnv>,
  access: ApiDeps['access'],
  asked: { action: Action; project?: string | undefined; named?: string | undefined },
): Promise<string> {
  const actor = actorOf(c, asked.named);
  if (c.get('principal').actor !== null) await access.check(actor, asked);
  return actor;
}

/** The registry with role checks; without them for a trusted caller. */
export function registryFor(c: Context<ApiEnv>, { registry, access }: Pick<ApiDeps, 'registry' | 'access'>) {
  return c.get('principal').actor === null ? registry : governRegistry(registry, access);
}
