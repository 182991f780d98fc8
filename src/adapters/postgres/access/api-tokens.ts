import { randomBytes } from 'node:crypto';
import type { Kysely, Selectable } from 'kysely';
import { sha256Hex } from '../../../base/digest.ts';
import { WindlassError } from '../../../errors/windlass-error.ts';
import type { Access, ApiToken } from '../../../ports/access.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { AccessTables } from './access-tables.ts';
import { appendAudit } from '../registry/audit-log.ts';
import type { Database } from '../schema.ts';

type Part = Pick<Access, 'createToken' | 'revokeToken' | 'tokens' | 'actorOf'>;

/**
 * Tokens of the HTTP API. A token has 256 random bits, so a plain sha256 of it can neither be
 * guessed nor looked up.
 */
export function createApiTokens(db: Kysely<Database>, clock: Clock): Part {
  return {
    createToken: ({ actor, expiresAt }, by) =>
      db.transaction().execute(async (transaction) => {
        const id = randomBytes(4).toString('hex');
        const token = `windlass_${id}_${randomBytes(32).toString('base64url')}`;
        const row = await transaction
          .insertInto('api_tokens')
          .values({
            id,
            actor,
            hash: sha256Hex(token),
            created_at: clock.now(),
            created_by: by.actor,
            expires_at: expiresAt ?? null,
            revoked_at: null,
          })
          .returningAll()
          .executeTakeFirstOrThrow();
        await appendAudit(transaction, clock, {
          ...by,
          action: 'token.created',
          subject: `token/${id}`,
          details: { actor, expiresAt: expiresAt?.toISOString() ?? null },
        });
        return { ...toToken(row), token };
      }),

    revokeToken: (id, by) =>
      db.transaction().execute(async (transaction) => {
        const row = await transaction
          .updateTable('api_tokens')
          .set({ revoked_at: clock.now() })
          .where('id', '=', id)
          .where('revoked_at', 'is', null)
          .returningAll()
          .executeTakeFirst();
        if (row === undefined)
          throw new WindlassError('NOT_FOUND', `There is no token ${id} that is still good.`, {
            hint: '`windlass tokens list` shows them.',
          });
        const { actor } = row;
        await appendAudit(transaction, clock, {
          ...by,
          action: 'token.revoked',
          subject: `token/${id}`,
          details: { actor },
        });
        return toToken(row);
      }),

    tokens: async () => {
      const rows = await db.selectFrom('api_tokens').selectAll().orderBy('created_at', 'desc').execute();
      return rows.map(toToken);
    },

    actorOf: async (token) => {
      const row = await db
        .selectFrom('api_tokens')
        .select('actor')
        .where('hash', '=', sha256Hex(token))
        .where('revoked_at', 'is', null)
        .where((e) => e.or([e('expires_at', 'is', null), e('expires_at', '>', clock.now())]))
        .executeTakeFirst();
      return row?.actor;
    },
  };
}

function toToken(row: Selectable<AccessTables['api_tokens']>): ApiToken {
  const { id, actor } = row;
  return {
    id,
    actor,
    createdAt: row.created_at.toISOString(),
    createdBy: row.created_by,
    expiresAt: row.expires_at?.toISOString() ?? null,
    revokedAt: row.revoked_at?.toISOString() ?? null,
  };
}
