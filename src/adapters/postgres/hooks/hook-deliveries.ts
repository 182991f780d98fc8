import type { Kysely } from 'kysely';
import type { Clock } from '../../../ports/clock.ts';
import { DELIVERY_KEPT_DAYS } from '../../../domain/git/delivery-age.ts';
import type { HookDeliveries } from '../../../ports/hook-deliveries.ts';
import type { Database } from '../schema.ts';

/** Deliveries in PostgreSQL: every API process sees what any other has taken. */
export function createHookDeliveries(db: Kysely<Database>, clock: Clock): HookDeliveries {
  return {
    takenAt: async (provider, keys) => {
      const row = await db
        .selectFrom('hook_deliveries')
        .select('received_at')
        .where('provider', '=', provider)
        .where('key', 'in', [...keys])
        .limit(1)
        .executeTakeFirst();
      return row?.received_at;
    },
    remember: async (provider, keys) => {
      const now = clock.now();
      await db
        .insertInto('hook_deliveries')
        .values(keys.map((key) => ({ provider, key, received_at: now })))
        .onConflict((conflict) => conflict.doNothing())
        .execute();
      await db
        .deleteFrom('hook_deliveries')
        .where('received_at', '<', new Date(now.getTime() - DELIVERY_KEPT_DAYS * 86_400_000))
        .execute();
    },
  };
}
