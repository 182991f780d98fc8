import type { Context } from 'hono';
import { PERMISSIONS } from '../../domain/registry/roles.ts';
import type { Access } from '../../ports/access.ts';
import type { ApiEnv } from '../deps.ts';

/** The reason that audit events of this door carry: MLflow's protocol has no field for one. */
export const THROUGH_THE_DOOR = { reason: 'through the MLflow door' } as const;

/**
 * The caller of the MLflow API: the owner of the token; without one the client's user name, or
 * `mlflow`.
 */
export function userOf(c: Context<ApiEnv>): string {
  const { actor } = c.get('principal');
  if (actor !== null) return actor;
  const basic = /^Basic (\S+)$/i.exec(c.req.header('authorization') ?? '')?.[1];
  const user = basic === undefined ? '' : (Buffer.from(basic, 'base64').toString('utf8').split(':')[0] ?? '');
  return /^[\w.@+-]{1,64}$/.test(user) ? user : 'mlflow';
}

/**
 * Experiments belong to no project: whoever may build in some project may log runs and artefacts.
 * Throws FORBIDDEN.
 */
export async function allowLogging(
  c: Context<ApiEnv>,
  access: Pick<Access, 'check' | 'grants'>,
): Promise<void> {
  const { actor } = c.get('principal');
  if (actor === null) return;
  const grants = await access.grants({ actor });
  if (grants.some(({ role }) => PERMISSIONS.build.includes(role))) return;
  await access.check(actor, { action: 'build' });
}
