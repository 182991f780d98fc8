import { sql } from 'kysely';
import type { Kysely, RawBuilder, Selectable } from 'kysely';
import type { KeyValue } from '../../../../contracts/mlflow/tracking.ts';
import { ARTEFACT_SCHEME, VERSIONS_FOLDER } from '../../../../domain/tracking/artefact-paths.ts';
import { WindlassError } from '../../../../errors/windlass-error.ts';
import type { DoorVersion } from '../../../../ports/mlflow-registry.ts';
import type { Database } from '../../schema.ts';
import type { SearchColumns } from '../tracking/clause-sql.ts';
import type { DoorTables } from './door-tables.ts';

/** Tags of a version `v`: people's own, and what Windlass knows of it, for finding. */
const TAGS = sql`(
  select t.key, t.value from model_tags t where t.name = v.name and t.version = v.version
  union all
  select k.key, k.value from (values ('windlass.state', v.state), ('windlass.digest', v.digest),
    ('windlass.origin', coalesce(v.origin, 'built')), ('windlass.pipeline', v.pipeline), ('windlass.data', v.data))
    as k(key, value) where k.value is not null)`;

/** Where the files of `v` are: what `versionArtefactUri` says, in SQL. */
const ARTEFACTS = sql`(${`${ARTEFACT_SCHEME}${VERSIONS_FOLDER}/`}::text || v.name || '/' || v.version)`;

export const VERSION_COLUMNS: SearchColumns = {
  attributes: {
    name: sql`v.name`,
    version_number: sql`v.version`,
    run_id: sql`coalesce(v.mlflow_run_id, '')`,
    source_path: sql`coalesce(v.source, ${ARTEFACTS})`,
    creation_timestamp: sql`v.created_at`,
    last_updated_timestamp: sql`v.updated_at`,
  },
  beside: {
    tag: {
      rows: (key) => sql`from ${TAGS} as kv where kv.key = ${key}`,
      value: () => sql`kv.value`,
    },
  },
};

/** Versions with their tags, as rows named `v`. */
export function selectVersions(db: Kysely<Database>) {
  return db.selectFrom('mlflow_versions as v').selectAll('v').select(pairsOf(TAGS).as('tags'));
}

export function pairsOf(table: RawBuilder<unknown>): RawBuilder<KeyValue[]> {
  return sql<
    KeyValue[]
  >`(select coalesce(json_agg(json_build_object('key', kv.key, 'value', kv.value) order by kv.key), '[]')
    from ${table} as kv)`;
}

type Row = Selectable<DoorTables['mlflow_versions']> & { tags: KeyValue[] };

export function toVersion(row: Row): DoorVersion {
  return {
    name: row.name,
    version: String(row.version),
    state: row.state,
    digest: row.digest,
    origin: row.origin ?? 'built',
    createdBy: row.created_by,
    createdAt: Number(row.created_at),
    updatedAt: Number(row.updated_at),
    description: row.description,
    source: row.source,
    runId: row.mlflow_run_id,
    modelId: row.mlflow_model_id,
    runLink: row.run_link,
    aliases: row.aliases,
    tags: row.tags,
  };
}

export function noVersion(name: string, version: string): WindlassError {
  return new WindlassError(
    'NOT_FOUND',
    `There is no version ${version} of the model ${JSON.stringify(name)}.`,
  );
}

/** A version that the door shows; throws NOT_FOUND. */
export async function readVersion(
  db: Kysely<Database>,
  { name, version }: { name: string; version: string },
): Promise<DoorVersion> {
  const row = /^[1-9]\d{0,8}$/.test(version)
    ? await selectVersions(db)
        .where('v.name', '=', name)
        .where('v.version', '=', Number(version))
        .executeTakeFirst()
    : undefined;
  if (row === undefined) throw noVersion(name, version);
  return toVersion(row);
}

/** Versions in the order that is asked for; those that the door does not show are left out. */
export async function readVersions(
  db: Kysely<Database>,
  keys: readonly { readonly name: string; readonly version: number }[],
): Promise<DoorVersion[]> {
  if (keys.length === 0) return [];
  const names = keys.map(({ name }) => name);
  const numbers = keys.map(({ version }) => version);
  const rows = await selectVersions(db)
    .where(sql<boolean>`(v.name, v.version) in (select * from unnest(${names}::text[], ${numbers}::int[]))`)
    .execute();
  const found = new Map(rows.map((row) => [`${row.name}/${row.version}`, toVersion(row)]));
  return keys.flatMap(({ name, version }) => found.get(`${name}/${version}`) ?? []);
}
