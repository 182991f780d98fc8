import type { IncomingHttpHeaders } from 'node:http';
import type { HubOperation } from '../../src/contracts/device/hub-tier.ts';
import type { Json } from './json.ts';

export interface HttpCall {
  readonly method: string;
  /** Path parts after decoding, e.g. ['devices', 'pump 1', 'modules']. */
  readonly path: readonly string[];
  readonly headers: IncomingHttpHeaders;
  readonly body: unknown;
}

export interface HttpAnswer {
  readonly status: number;
  readonly body?: Json;
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * A path pattern (`:name` takes one part) with the throttling class of the operation and what
 * answers it.
 */
export interface Route {
  readonly method: string;
  readonly pattern: readonly string[];
  readonly operation: HubOperation;
  readonly answer: (
    call: HttpCall,
    parameters: Readonly<Record<string, string>>,
  ) => HttpAnswer | Promise<HttpAnswer>;
}

/** A route of e.g. `GET /devices/:device`. */
export function route(line: string, operation: HubOperation, answer: Route['answer']): Route {
  const [method = '', pattern = ''] = line.split(' ');
  return { method, pattern: pattern.split('/').slice(1), operation, answer };
}

/** The route of a call with its parameters, or null. */
export function findRoute(
  routes: readonly Route[],
  method: string,
  path: readonly string[],
): { route: Route; parameters: Record<string, string> } | null {
  for (const candidate of routes) {
    if (candidate.method !== method || candidate.pattern.length !== path.length) continue;
    const parameters: Record<string, string> = {};
    const fits = candidate.pattern.every((part, i) => {
      const given = path[i] ?? '';
      if (!part.startsWith(':')) return part === given;
      parameters[part.slice(1)] = given;
      return given !== '';
    });
    if (fits) return { route: candidate, parameters };
  }
  return null;
}

export function ifMatch(call: HttpCall): string | undefined {
  return call.headers['if-match'];
}
