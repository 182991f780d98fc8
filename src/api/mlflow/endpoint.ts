import type { Context, Hono } from 'hono';
import type { z } from 'zod';
import type { Action } from '../../contracts/roles.ts';
import type { Registry } from '../../ports/registry/registry.ts';
import { parseInput } from '../../errors/parse-input.ts';
import { readBody } from '../body.ts';
import type { ApiDeps, ApiEnv } from '../deps.ts';
import { allow, registryFor } from '../principal.ts';
import { allowLogging, userOf } from './caller.ts';

/** Where the MLflow routes are added, and the access rules that apply to them. */
export interface Door extends Pick<ApiDeps, 'access' | 'registry'> {
  readonly app: Hono<ApiEnv>;
}

/**
 * What a handler gets: the parsed request, the caller, and the registry with the caller's rights.
 */
export interface Call<T> {
  readonly input: T;
  readonly actor: string;
  readonly registry: Registry;
}

/**
 * One call of MLflow's API. GET takes its fields from the query, everything else from a JSON body.
 */
export interface Endpoint<T> {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  readonly path: string;
  /** Unknown fields are ignored, as newer clients send more. */
  readonly input: z.ZodType<T>;
  /**
   * What the caller's role must allow: `read`; `log` (may build in some project), which all but GET
   * and searches need unless said otherwise; or an action on a model. `registry`: the registry that
   * the handler gets asks for itself.
   */
  readonly needs?:
    'read' | 'log' | 'registry' | ((input: T) => { readonly action: Action; readonly project: string });
}

/** Adds a call to the door; fields in the path count as fields of the request. */
export function endpoint<T>(
  door: Door,
  { method, path, input, needs }: Endpoint<T>,
  handle: (call: Call<T>) => Promise<object | void>,
): void {
  const needed = needs ?? (method === 'GET' || path.endsWith('/search') ? 'read' : 'log');
  door.app.on(method, path, async (c: Context<ApiEnv>) => {
    // A change never takes its fields from the query: a web page could send that without asking.
    const body = { ...(method === 'GET' ? readQuery(c) : await readObject(c)), ...c.req.param() };
    const request = parseInput(input, body, { what: `The request ${method} ${path}`, example: undefined });
    if (needed === 'log') await allowLogging(c, door.access);
    const actor =
      typeof needed === 'function'
        ? await allow(c, door.access, { ...needed(request), named: userOf(c) })
        : userOf(c);
    return c.json((await handle({ input: request, actor, registry: registryFor(c, door) })) ?? {});
  });
}

async function readObject(c: Context<ApiEnv>): Promise<object> {
  const body = await readBody(c);
  return typeof body === 'object' && body !== null ? body : {};
}

function readQuery(c: Context<ApiEnv>): Record<string, string | string[]> {
  return Object.fromEntries(
    Object.entries(c.req.queries()).map(([key, values]) => [
      key,
      values.length === 1 && values[0] !== undefined ? values[0] : values,
    ]),
  );
}
