import { sql } from 'kysely';
import type { RawBuilder, Transaction } from 'kysely';
import { rowsOf } from './rows-of.ts';
import type { Database } from './schema.ts';

/**
 * Tables that name a digest to say what something was, and never read the bytes again. Every other table, one that is added
 * later too, keeps the artefacts that it mentions.
 */
const RECORDS_ONLY = new Set([
  'audit_events',
  'device_assignments',
  'device_windows',
  'model_images',
  'monitor_marks',
  'monitor_reports',
  'rollouts',
  'rollout_decisions',
  'rollout_devices',
  'rollout_rings',
  'windlass_migrations',
]);

const HEX = /[0-9a-f]{64}/g;

interface Version {
  readonly name: string;
  readonly version: string;
}

export interface CachedStep {
  readonly step: string;
  readonly key: string;
}

export interface References {
  /** Digests (hex) that the registration of a version mentions which is deleted or going, by `name@version`. */
  readonly mentioned: ReadonlyMap<string, readonly string[]>;
  /** Those of them that something else still needs. */
  readonly needed: ReadonlySet<string>;
  /** Cached steps from before the cut-off that would give out one which nothing needs. */
  readonly stale: readonly CachedStep[];
}

/**
 * Who names the artefacts of the versions that go. A version that is deleted already needs nothing, and a cached step from before
 * `cutoff` neither. Each row is read once, a few hundred at a time.
 */
export async function readReferences(
  transaction: Transaction<Database>,
  { going, cutoff }: { going: readonly Version[]; cutoff: Date },
): Promise<References> {
  const { mentioned, kept } = await readModels(transaction, going);
  const candidates = new Set([...mentioned.values()].flat());
  const needed = new Set([...candidates].filter((hex) => kept.has(hex)));
  for (const table of await otherTables(transaction)) {
    const rows = sql<{ text: string }>`select t::text as text from ${sql.table(table)} t`;
    for await (const { text } of rowsOf(transaction, rows))
      for (const hex of digestsIn(text)) if (candidates.has(hex)) needed.add(hex);
  }
  const old: { step: CachedStep; hexes: string[] }[] = [];
  const steps = sql<CachedStep & { at: Date; text: string }>`
    select step, key, created_at as at, result::text as text from steps`;
  for await (const { step, key, at, text } of rowsOf(transaction, steps)) {
    const hexes = digestsIn(text).filter((hex) => candidates.has(hex));
    if (at < cutoff) old.push({ step: { step, key }, hexes });
    else for (const hex of hexes) needed.add(hex);
  }
  const stale = old.filter(({ hexes }) => hexes.some((hex) => !needed.has(hex))).map(({ step }) => step);
  return { mentioned, needed, stale };
}

async function readModels(
  transaction: Transaction<Database>,
  going: readonly Version[],
): Promise<{ mentioned: Map<string, string[]>; kept: Set<string> }> {
  const goes = new Set(going.map((v) => `${v.name}@${v.version}`));
  const mentioned = new Map<string, string[]>();
  const kept = new Set<string>();
  const models: RawBuilder<{ reference: string; deleted: boolean; text: string }> = sql`
    select name || '@' || version as reference, state = 'deleted' as deleted, registration::text as text from models`;
  for await (const { reference, deleted, text } of rowsOf(transaction, models)) {
    if (goes.has(reference)) mentioned.set(reference, digestsIn(text));
    else if (!deleted) for (const hex of digestsIn(text)) kept.add(hex);
  }
  return { mentioned, kept };
}

function digestsIn(text: string): string[] {
  return [...new Set(text.match(HEX))];
}

async function otherTables(transaction: Transaction<Database>): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`
    select table_name as name from information_schema.tables
     where table_schema = current_schema() and table_type = 'BASE TABLE' order by name`.execute(transaction);
  return rows
    .map((row) => row.name)
    .filter((name) => name !== 'models' && name !== 'steps' && !RECORDS_ONLY.has(name));
}
