import { ADMIN_PATH } from './http-server.ts';
import { faultsSchema } from './faults.ts';
import { HubError } from './hub-error.ts';
import type { HubParts } from './hub-parts.ts';
import { route, type HttpAnswer, type Route } from './http-router.ts';
import type { Json } from './json.ts';

/**
 * The stand-in's own part, which no real hub has: switch faults on and off, and see what is on and
 * what was called.
 */
export function adminRoutes({ faults, index }: HubParts): Route[] {
  const state = (): HttpAnswer => {
    const described: unknown = JSON.parse(JSON.stringify({ ...faults.describe(), queryLagMs: index.lagMs }));
    return { status: 200, body: described as Json };
  };
  return [
    route(`GET /${ADMIN_PATH}/faults`, 'registry', state),
    route(`POST /${ADMIN_PATH}/faults`, 'registry', (call) => {
      const parsed = faultsSchema.safeParse(call.body);
      if (!parsed.success) {
        const issue = parsed.error.issues[0];
        throw new HubError(
          'ArgumentInvalid',
          `${issue?.path.join('.') || 'body'}: ${issue?.message ?? 'not valid'}.`,
        );
      }
      faults.set(parsed.data);
      if (parsed.data.queryLagMs !== undefined) index.lagMs = parsed.data.queryLagMs;
      return state();
    }),
    route(`DELETE /${ADMIN_PATH}/faults`, 'registry', () => {
      faults.set({});
      return state();
    }),
  ];
}
