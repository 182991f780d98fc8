import { sql } from 'kysely';
import type { Kysely } from 'kysely';
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

const HEX = '[0-9a-f]{64}';

/** Digests (hex) that the registrations of these versions mention. */
export async function mentionedBy(
  db: Kysely<Database>,
  versions: ReadonlyArray<{ name: string; version: string }>,
): Promise<Map<string, string[]>> {
  const names = versions.map((v) => v.name);
  const numbers = versions.map((v) => Number(v.version));
  const { rows } = await sql<{ name: string; version: number; hex: string[] }>`
    select m.name, m.version, array(select distinct r[1] from regexp_matches(m.registration::text, ${`(${HEX})`}, 'g') r) as hex
      from models m join unnest(${names}::text[], ${numbers}::int[]) as v(name, version)
        on m.name = v.name and m.version = v.version`.execute(db);
  return new Map(rows.map((row) => [`${row.name}@${row.version}`, row.hex]));
}

/**
 * Those of the given digests that something still needs: any table that mentions them, but for versions that are deleted or
 * going, and cached steps from before `cutoff`.
 */
export async function stillNeeded(
  db: Kysely<Database>,
  digests: readonly string[],
  { going, cutoff }: { going: ReadonlyArray<{ name: string; version: string }>; cutoff: Date },
): Promise<Set<string>> {
  const { rows: tables } = await sql<{ name: string }>`
    select table_name as name from information_schema.tables
     where table_schema = current_schema() and table_type = 'BASE TABLE'`.execute(db);
  const found = new Set<string>();
  for (const { name } of tables) {
    if (RECORDS_ONLY.has(name)) continue;
    const counts =
      name === 'models'
        ? sql`t.state <> 'deleted' and not exists (
            select 1 from unnest(${going.map((v) => v.name)}::text[], ${going.map((v) => Number(v.version))}::int[])
              as v(name, version) where v.name = t.name and v.version = t.version)`
        : name === 'steps'
          ? sql`t.created_at >= ${cutoff}`
          : sql`true`;
    const { rows } = await sql<{ hex: string }>`
      select distinct r[1] as hex from ${sql.table(name)} t, regexp_matches(t::text, ${`(${HEX})`}, 'g') r
       where r[1] = any(${digests}::text[]) and ${counts}`.execute(db);
    for (const { hex } of rows) found.add(hex);
  }
  return found;
}

/** Cached steps from before `cutoff` that would give out one of these digests. */
export async function staleSteps(
  db: Kysely<Database>,
  digests: readonly string[],
  cutoff: Date,
): Promise<ReadonlyArray<{ step: string; key: string }>> {
  const { rows } = await sql<{ step: string; key: string }>`
    select distinct t.step, t.key from steps t, regexp_matches(t.result::text, ${`(${HEX})`}, 'g') r
     where r[1] = any(${digests}::text[]) and t.created_at < ${cutoff}`.execute(db);
  return rows;
}
