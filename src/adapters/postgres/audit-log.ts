import { createHash } from 'node:crypto';
import { sql } from 'kysely';
import type { Kysely, Transaction } from 'kysely';
import { canonicalJson } from '../../domain/canonical-json.ts';
import type { AuditEvent } from '../../ports/registry.ts';
import type { Clock } from '../../ports/clock.ts';
import { json } from './registry-tables.ts';
import type { Database } from './schema.ts';

const GENESIS = '0'.repeat(64);

/**
 * Appends one event inside the transaction that makes the change. It holds the log's lock until the transaction ends, so
 * call it last: events are numbered without gaps and in the order of commit.
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
    ...{ actor, action, subject, reason, details },
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
  return createHash('sha256').update(previous).update(canonicalJson(event)).digest('hex');
}

/** Newest events first; `subject` matches exactly, or as a prefix when it ends with `*`. */
export async function readAudit(
  db: Kysely<Database>,
  filter: { subject?: string; limit?: number } = {},
): Promise<AuditEvent[]> {
  const { subject } = filter;
  const rows = await db
    .selectFrom('audit_events')
    .selectAll()
    .$if(subject !== undefined, (query) =>
      subject?.endsWith('*')
        ? query.where(sql<boolean>`starts_with(subject, ${subject.slice(0, -1)})`)
        : query.where('subject', '=', subject ?? ''),
    )
    .orderBy('seq', 'desc')
    .limit(filter.limit ?? 200)
    .execute();
  return rows.map(({ seq, at, actor, action, subject: about, reason, details }) => ({
    seq: Number(seq),
    at: at.toISOString(),
    ...{ actor, action, subject: about, reason, details },
  }));
}

/** Recomputes the whole chain; names the first event that does not follow from the one before it. */
export async function verifyAudit(
  db: Kysely<Database>,
): Promise<{ ok: boolean; events: number; brokenAt: number | null }> {
  let previous = GENESIS;
  let seq = 0;
  for (;;) {
    const rows = await db
      .selectFrom('audit_events')
      .selectAll()
      .where('seq', '>', String(seq))
      .orderBy('seq')
      .limit(1000)
      .execute();
    if (rows.length === 0) return { ok: true, events: seq, brokenAt: null };
    for (const { prev_hash, hash, ...row } of rows) {
      const event = { ...row, seq: Number(row.seq), at: row.at.toISOString() };
      if (event.seq !== seq + 1 || prev_hash !== previous || hashOf(previous, event) !== hash)
        return { ok: false, events: seq, brokenAt: event.seq };
      previous = hash;
      seq = event.seq;
    }
  }
}
