import type { Kysely } from 'kysely';
import type { Clock } from '../../../ports/clock.ts';
import type { AuditTrail } from '../../../ports/registry/audit-trail.ts';
import type { Database } from '../schema.ts';
import { appendAudit, readAudit, verifyAudit } from './audit-log.ts';

/** The audit log as the registry shows it; an event recorded here is its own transaction. */
export function createAuditTrail(db: Kysely<Database>, clock: Clock): AuditTrail {
  return {
    audit: (filter) => readAudit(db, filter),
    verifyAudit: (head) => verifyAudit(db, head),
    recordAudit: async (event) => {
      await db.transaction().execute((transaction) => appendAudit(transaction, clock, event));
    },
  };
}
