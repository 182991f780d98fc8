import { sql } from 'kysely';
import type { RawBuilder, Transaction } from 'kysely';
import { rowsOf } from '../rows-of.ts';
import type { Database } from '../schema.ts';

/**
 * Tables that name a digest to say what something was, and never read the bytes again. Every other
 * table, one that is added later too, keeps the artefacts that it mentions.
 */
const RECORDS_ONLY = new Set([
  'audit_events',
  'device_assignments',
  'device_windows',
  'model_images',
  'monitor_marks',
  'monitor_reports',
  'released_artefacts',
  'rollouts',
  'rollout_decisions',
  'rollout_devices',
  'rollout_rings',
  'windlass_migrations',
]);

/**
 * Their rows need an artefact only as long as something else holds of them, so each is read in its
 * own way.
 */
const READ_APART = new Set(['models', 'mlflow_version_files', 'steps']);

const HEX = /[0-9a-f]{64}/g;

interface Version {
  readonly name: string;
  readonly version: string;
}

export interface CachedStep {
  readonly step: string;
  readonly key: string;
}

interface References {
  /** Digests (hex) that a version mentions which is deleted or going, by `name@version`. */
  readonly mentioned: ReadonlyMap<string, readonly string[]>;
  /** Digests that a path of a client has let go before the cut-off. */
  readonly released: readonly string[];
  /** Those of both that something else still needs. */
  readonly needed: ReadonlySet<string>;
  /** Cached steps from before the cut-off that would give out one which nothing needs. */
  readonly stale: readonly CachedStep[];
}

interface Wanted {
  readonly going: readonly Version[];
  readonly cutoff: Date;
  /** Whether to look at what paths of clients have let go, too. */
  readonly released: boolean;
}

/**
 * Which rows name the artefacts of the versions to delete, and those that clients overwrote or
 * deleted. A deleted version needs nothing, nor does a cached step from before `cutoff`. Each row
 * is read once, a few hundred at a time.
 */
export async function readReferences(
  transaction: Transaction<Database>,
  { going, cutoff, released: wanted }: Wanted,
): Promise<References> {
  const { mentioned, kept } = await readModels(transaction, going);
  const released = wanted ? await readReleased(transaction, cutoff) : [];
  const candidates = new Set([...[...mentioned.values()].flat(), ...released]);
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
  return { mentioned, released, needed, stale };
}

async function readModels(
  transaction: Transaction<Database>,
  going: readonly Version[],
): Promise<{ mentioned: Map<string, string[]>; kept: Set<string> }> {
  const goes = new Set(going.map((v) => `${v.name}@${v.version}`));
  const mentioned = new Map<string, string[]>();
  const kept = new Set<string>();
  // Files of a version that came through the MLflow door are rows of their own.
  const models: RawBuilder<{ reference: string; deleted: boolean; text: string }> = sql`
    select name || '@' || version as reference, state = 'deleted' as deleted, registration::text as text from models
    union all
    select f.name || '@' || f.version, m.state = 'deleted', f.digest
      from mlflow_version_files f join models m on m.name = f.name and m.version = f.version`;
  for await (const { reference, deleted, text } of rowsOf(transaction, models)) {
    const hexes = digestsIn(text);
    if (goes.has(reference)) mentioned.set(reference, [...(mentioned.get(reference) ?? []), ...hexes]);
    else if (!deleted) for (const hex of hexes) kept.add(hex);
  }
  return { mentioned, kept };
}

async function readReleased(transaction: Transaction<Database>, cutoff: Date): Promise<string[]> {
  const rows = await transaction
    .selectFrom('released_artefacts')
    .select('digest')
    .where('released_at', '<', cutoff)
    .orderBy('digest')
    .execute();
  return rows.flatMap(({ digest }) => digestsIn(digest));
}

function digestsIn(text: string): string[] {
  return [...new Set(text.match(HEX))];
}

async function otherTables(transaction: Transaction<Database>): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`
    select table_name as name from information_schema.tables
     where table_schema = current_schema() and table_type = 'BASE TABLE' order by name`.execute(transaction);
  return rows.map((row) => row.name).filter((name) => !READ_APART.has(name) && !RECORDS_ONLY.has(name));
}
