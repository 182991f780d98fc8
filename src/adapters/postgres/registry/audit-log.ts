import { sql } from 'kysely';
import type { Kysely, Transaction } from 'kysely';
import { canonicalJson } from '../../../base/canonical-json.ts';
import { sha256Hex } from '../../../base/digest.ts';
import type { AuditEvent, AuditFilter, AuditVerdict } from '../../../contracts/audit.ts';
import type { Clock } from '../../../ports/clock.ts';
import { json } from '../column-types.ts';
import type { Database } from '../schema.ts';

const GENESIS = '0'.repeat(64);

/**
 * Appends one event inside the transaction that makes the change. It holds the log's lock until the
 * transaction ends, so call it last: events are numbered without gaps and in the order of commit.
 */
export async function appendAudit(
  transaction: Transaction<Database>,
  clock: Clock,
  event: Omit<AuditEvent, 'seq' | 'at'>,
): Promise<AuditEvent> {
  await sql`select pg_advisory_xact_lock(hashtextextended('windlass audit', 0))`.execute(transaction);
  const last = await transaction
    .selectFrom('audit_events')
    .select(['seq', 'hash'])
    .orderBy('seq', 'desc')
    .limit(1)
    .executeTakeFirst();
  // A round trip through JSON, so that what is hashed is what will be read back.
  const details = JSON.parse(JSON.stringify(event.details)) as Record<string, unknown>;
  const { actor, action, subject, reason } = event;
  const stored: AuditEvent = {
    seq: Number(last?.seq ?? 0) + 1,
    at: clock.now().toISOString(),
    actor,
    action,
    subject,
    reason,
    details,
  };
  const previous = last?.hash ?? GENESIS;
  await transaction
    .insertInto('audit_events')
    .values({
      ...stored,
      at: new Date(stored.at),
      details: json(details),
      prev_hash: previous,
      hash: hashOf(previous, stored),
    })
    .execute();
  return stored;
}

function hashOf(previous: string, event: AuditEvent): string {
  return sha256Hex(previous + canonicalJson(event));
}

/** Newest events first; `subject` matches exactly, or as a prefix when it ends with `*`. */
export async function readAudit(db: Kysely<Database>, filter: AuditFilter = {}): Promise<AuditEvent[]> {
  const { subject, actor, action, since, until } = filter;
  let query = db.selectFrom('audit_events').selectAll();
  if (subject?.endsWith('*') === true)
    query = query.where(sql<boolean>`starts_with(subject, ${subject.slice(0, -1)})`);
  else if (subject !== undefined) query = query.where('subject', '=', subject);
  if (actor !== undefined) query = query.where('actor', '=', actor);
  if (action !== undefined) query = query.where('action', '=', action);
  if (since !== undefined) query = query.where('at', '>=', since);
  if (until !== undefined) query = query.where('at', '<=', until);
  const rows = await query
    .orderBy('seq', 'desc')
    .limit(filter.limit ?? 200)
    .execute();
  return rows.map(({ seq, at, actor: by, action: what, subject: about, reason, details }) => ({
    seq: Number(seq),
    at: at.toISOString(),
    actor: by,
    action: what,
    subject: about,
    reason,
    details,
  }));
}

/**
 * Recomputes the whole chain, and names the first event that does not follow from the one before
 * it. A chain whose end was cut off is whole in itself: only a head that somebody kept elsewhere
 * (`expected`) shows it.
 */
export async function verifyAudit(db: Kysely<Database>, expected?: string): Promise<AuditVerdict> {
  let head = GENESIS;
  let entries = 0;
  let seen = expected === undefined || expected === GENESIS;
  for (;;) {
    const rows = await db
      .selectFrom('audit_events')
      .selectAll()
      .where('seq', '>', String(entries))
      .orderBy('seq')
      .limit(1000)
      .execute();
    if (rows.length === 0) break;
    for (const { prev_hash, hash, ...row } of rows) {
      const event = { ...row, seq: Number(row.seq), at: row.at.toISOString() };
      const reason = whyBroken({ event, previous: prev_hash, hash }, { entries, head });
      if (reason !== null) return { ok: false, entries, head, brokenAt: entries + 1, reason };
      head = hash;
      entries = event.seq;
      seen ||= hash === expected;
    }
  }
  if (seen) return { ok: true, entries, head };
  const reason = `no event has the hash ${expected}: the log was cut off or written anew`;
  return { ok: false, entries, head, brokenAt: entries + 1, reason };
}

function whyBroken(
  found: { event: AuditEvent; previous: string; hash: string },
  before: { entries: number; head: string },
): string | null {
  const { event, previous, hash } = found;
  if (event.seq !== before.entries + 1) return `event ${before.entries + 1} is gone; ${event.seq} follows`;
  if (previous !== before.head) return `event ${event.seq} does not follow from the one before it`;
  return hashOf(previous, event) === hash ? null : `event ${event.seq} was altered`;
}
