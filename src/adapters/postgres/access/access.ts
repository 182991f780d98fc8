import type { Kysely } from 'kysely';
import { ALL_PROJECTS } from '../../../contracts/roles.ts';
import type { Grant } from '../../../contracts/roles.ts';
import { refusesAction } from '../../../domain/registry/roles.ts';
import { WindlassError } from '../../../errors/windlass-error.ts';
import type { Access, StoredGrant } from '../../../ports/access.ts';
import type { Clock } from '../../../ports/clock.ts';
import { createApiTokens } from './api-tokens.ts';
import { appendAudit } from '../registry/audit-log.ts';
import { lockName } from '../lock-name.ts';
import type { Database } from '../schema.ts';

/** Roles and tokens over PostgreSQL. */
export function createAccess(db: Kysely<Database>, clock: Clock): Access {
  const enforced = async (): Promise<boolean> =>
    (await db.selectFrom('role_grants').select('actor').limit(1).executeTakeFirst()) !== undefined;

  return {
    ...createApiTokens(db, clock),
    enforced,

    check: async (actor, asked) => {
      const grants = await db.selectFrom('role_grants').selectAll().where('actor', '=', actor).execute();
      const why = refusesAction(asked, grants);
      if (why === null || (grants.length === 0 && !(await enforced()))) return;
      throw new WindlassError('FORBIDDEN', `${actor} may not do this: ${why}.`, {
        hint: `Ask an admin: \`windlass roles grant ${actor} ROLE --project ${asked.project ?? "'*'"}\`.`,
      });
    },

    grants: (filter = {}) => readGrants(db, filter),

    grant: ({ actor, project, role }, by) =>
      db.transaction().execute(async (transaction) => {
        await lockName(transaction, 'roles', '');
        const known = await readGrants(transaction, {});
        if (known.some((g) => sameGrant(g, { actor, project, role }))) return;
        if (known.length === 0 && !isAdmin({ actor, project, role }))
          throw new WindlassError('CONFLICT', 'The first grant must make somebody admin of all projects.', {
            hint: `Nobody could grant anything otherwise: \`windlass roles grant ${by.actor} admin\`.`,
          });
        await transaction
          .insertInto('role_grants')
          .values({ actor, project, role, granted_at: clock.now(), granted_by: by.actor })
          .execute();
        await appendAudit(transaction, clock, {
          ...by,
          action: 'role.granted',
          subject: `role/${actor}`,
          details: { project, role },
        });
      }),

    revoke: ({ actor, project, role }, by) =>
      db.transaction().execute(async (transaction) => {
        await lockName(transaction, 'roles', '');
        const known = await readGrants(transaction, {});
        const left = known.filter((g) => !sameGrant(g, { actor, project, role }));
        if (left.length === known.length)
          throw new WindlassError('NOT_FOUND', `${actor} does not have the role ${role} on ${project}.`, {
            hint: '`windlass roles list` shows who has which.',
          });
        if (left.length > 0 && !left.some(isAdmin))
          throw new WindlassError(
            'CONFLICT',
            `${actor} is the last admin of all projects, and ${left.length} other grants are left.`,
            { hint: 'Make somebody else admin first.' },
          );
        await transaction
          .deleteFrom('role_grants')
          .where('actor', '=', actor)
          .where('project', '=', project)
          .where('role', '=', role)
          .execute();
        await appendAudit(transaction, clock, {
          ...by,
          action: 'role.revoked',
          subject: `role/${actor}`,
          details: { project, role },
        });
      }),
  };
}

async function readGrants(
  db: Kysely<Database>,
  { actor, project }: { actor?: string; project?: string },
): Promise<StoredGrant[]> {
  const rows = await db
    .selectFrom('role_grants')
    .selectAll()
    .$if(actor !== undefined, (query) => query.where('actor', '=', actor ?? ''))
    .$if(project !== undefined, (query) => query.where('project', '=', project ?? ''))
    .orderBy('actor')
    .orderBy('project')
    .orderBy('role')
    .execute();
  return rows.map(({ granted_at, granted_by, ...grant }) => ({
    ...grant,
    grantedAt: granted_at.toISOString(),
    grantedBy: granted_by,
  }));
}

function sameGrant(a: Grant, b: Grant): boolean {
  return a.actor === b.actor && a.project === b.project && a.role === b.role;
}

function isAdmin({ project, role }: Grant): boolean {
  return role === 'admin' && project === ALL_PROJECTS;
}
