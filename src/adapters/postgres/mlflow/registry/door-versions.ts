import { sql } from 'kysely';
import type { Kysely, Transaction } from 'kysely';
import { digestOf } from '../../../../base/digest.ts';
import type { TrackedFile } from '../../../../contracts/mlflow/tracking.ts';
import { WindlassError } from '../../../../errors/windlass-error.ts';
import type { ArtefactStore } from '../../../../ports/artefact-store.ts';
import type { Clock } from '../../../../ports/clock.ts';
import type { DoorVersion, MlflowRegistry, NewDoorVersion } from '../../../../ports/mlflow-registry.ts';
import type { Actor } from '../../../../contracts/audit.ts';
import { appendAudit } from '../../registry/audit-log.ts';
import { holdArtefacts } from '../../registry/hold-artefacts.ts';
import { lockName } from '../../lock-name.ts';
import { json } from '../../column-types.ts';
import type { Database } from '../../schema.ts';
import { clausesSql, ordersSql } from '../tracking/clause-sql.ts';
import { pageOf } from '../tracking/page-of.ts';
import { noVersion, readVersion, readVersions, VERSION_COLUMNS } from './version-rows.ts';
import { gate } from '../../../../domain/gates/build.ts';

type Part = Pick<
  MlflowRegistry,
  | 'createVersion'
  | 'doorVersion'
  | 'versionByAlias'
  | 'describeVersion'
  | 'withdrawVersion'
  | 'searchVersions'
  | 'versionFiles'
>;

/** Why such a version cannot be champion, shown in place of its gates. */
const UNJUDGED = gate('windlass-gates', 'fail', {
  observed: 'registered through the MLflow door',
  threshold: 'judged by Windlass',
  n: null,
  reason:
    'it came through the MLflow door and has passed no gate of Windlass: build it with `windlass train`, or import its ONNX file with `windlass models import`',
});

/** Versions as MLflow's clients make, read and search them. */
export function createDoorVersions(
  db: Kysely<Database>,
  clock: Clock,
  artefacts?: Pick<ArtefactStore, 'has'>,
): Part {
  return {
    createVersion: async (version, by) => {
      const number = await db.transaction().execute(async (transaction) => {
        const named = version.files.map((file) => file.digest);
        await holdArtefacts(transaction, artefacts, named);
        return insert(transaction, clock, { version, by });
      });
      return readVersion(db, { name: version.name, version: String(number) });
    },

    doorVersion: (name, version) => readVersion(db, { name, version }),

    versionByAlias: async (name, alias) => {
      const keys = await db
        .selectFrom('model_aliases')
        .select(['name', 'version'])
        .where('name', '=', name)
        .where('alias', '=', alias)
        .where('until', 'is', null)
        .execute();
      const [found] = await readVersions(db, keys);
      if (found !== undefined) return found;
      throw new WindlassError(
        'NOT_FOUND',
        `The model ${JSON.stringify(name)} has no alias ${JSON.stringify(alias)}.`,
      );
    },

    describeVersion: async ({ name, version, description }, by) => {
      await db.transaction().execute(async (transaction) => {
        await readVersion(transaction, { name, version });
        const note = { description, updated_at: clock.now().getTime() };
        await transaction
          .insertInto('mlflow_version_notes')
          .values({ name, version: Number(version), ...note })
          .onConflict((conflict) => conflict.columns(['name', 'version']).doUpdateSet(note))
          .execute();
        await appendAudit(transaction, clock, {
          ...by,
          action: 'model.described',
          subject: `model/${name}@${version}`,
          details: { description: description.slice(0, 500) },
        });
      });
      return readVersion(db, { name, version });
    },

    withdrawVersion: (target, by) =>
      db.transaction().execute(async (transaction) => {
        await lockName(transaction, 'model', target.name);
        await withdraw(transaction, clock, { version: await readVersion(transaction, target), by });
      }),

    searchVersions: async ({ clauses, order, offset, limit }) => {
      // First only which: sorting whole rows would read the registration of every version.
      const keys = await db
        .selectFrom('mlflow_versions as v')
        .select(['v.name', 'v.version'])
        .where(clausesSql(VERSION_COLUMNS, clauses))
        .orderBy(ordersSql(VERSION_COLUMNS, order, sql`v.updated_at desc, v.name, v.version desc`))
        .offset(offset)
        .limit(limit + 1)
        .execute();
      const { items, more } = pageOf(keys, limit);
      return { items: await readVersions(db, items), more };
    },

    versionFiles: async (name, version) => {
      await readVersion(db, { name, version });
      const rows = await db
        .selectFrom('mlflow_version_files')
        .selectAll()
        .where('name', '=', name)
        .where('version', '=', Number(version))
        .orderBy('path')
        .execute();
      return rows.map(({ path, digest, size, media_type }) => ({
        path,
        digest,
        size: Number(size),
        mediaType: media_type,
      }));
    },
  };
}

async function insert(
  transaction: Transaction<Database>,
  clock: Clock,
  { version, by }: { version: NewDoorVersion; by: Actor },
): Promise<number> {
  const { name, files, description, source, tags } = version;
  await lockName(transaction, 'model', name);
  const { last } = await transaction
    .selectFrom('models')
    .select((e) => e.fn.max('version').as('last'))
    .where('name', '=', name)
    .executeTakeFirstOrThrow();
  const number = (last ?? 0) + 1;
  const onnx = files.filter(({ path }) => path.endsWith('.onnx'));
  const digest = onnx.length === 1 && onnx[0] !== undefined ? onnx[0].digest : treeDigest(files);
  await sql`insert into models
      (name, version, digest, registration, workflow_id, run_id, state, created_at, created_by)
    values (${name}, ${number}, ${digest}, ${json(registration(version, digest))}, 'mlflow', ${version.runId ?? ''},
      'unjudged', ${clock.now()}, ${by.actor})`.execute(transaction);
  for (let i = 0; i < files.length; i += 5_000)
    await transaction
      .insertInto('mlflow_version_files')
      .values(
        files.slice(i, i + 5_000).map(({ path, digest: of, size, mediaType }) => ({
          name,
          version: number,
          path,
          digest: of,
          size,
          media_type: mediaType,
        })),
      )
      .execute();
  for (const [key, value] of new Map(tags.map((tag) => [tag.key, tag.value])))
    await sql`insert into model_tags (name, version, key, value, set_at, set_by)
      values (${name}, ${number}, ${key}, ${value}, ${clock.now()}, ${by.actor})`.execute(transaction);
  if (description !== '')
    await transaction
      .insertInto('mlflow_version_notes')
      .values({ name, version: number, description, updated_at: clock.now().getTime() })
      .execute();
  await appendAudit(transaction, clock, {
    ...by,
    action: 'model.registered',
    subject: `model/${name}@${number}`,
    details: {
      origin: 'mlflow',
      digest,
      source,
      runId: version.runId,
      state: 'unjudged',
      files: files.length,
    },
  });
  return number;
}

/**
 * What `models.registration` says of a version that nothing has judged: where it is from, and that
 * its one gate failed.
 */
function registration(version: NewDoorVersion, digest: string): Record<string, unknown> {
  const { name, source, runId, modelId, runLink } = version;
  return {
    name,
    digest,
    origin: 'mlflow',
    source,
    runLink,
    mlflowRunId: runId,
    mlflowModelId: modelId,
    gates: [UNJUDGED],
    comparison: { verdict: 'INVALID', reason: 'it was compared with nothing' },
  };
}

/** Digest of a set of files: sha256 over `path NUL digest LF` in the order of paths. */
function treeDigest(files: readonly TrackedFile[]): string {
  const lines = files.map(({ path, digest }) => `${path}\0${digest}\n`).sort();
  return digestOf(lines.join(''));
}

/**
 * Withdraws a version: its aliases end, it is retired, and the MLflow API no longer shows it. Call
 * it while holding the name's lock.
 */
export async function withdraw(
  transaction: Transaction<Database>,
  clock: Clock,
  { version, by }: { version: DoorVersion; by: Actor },
): Promise<void> {
  const { name, version: number, origin, aliases } = version;
  if (origin !== 'mlflow')
    throw new WindlassError(
      'FORBIDDEN',
      `${name}@${number} was made by Windlass, whose versions never change.`,
      {
        hint: 'Take it out of use with `windlass models retire`.',
      },
    );
  await sql`update model_aliases set until = greatest(since, ${clock.now()}::timestamptz)
    where name = ${name} and version = ${Number(number)} and until is null`.execute(transaction);
  const changed = await transaction
    .updateTable('models')
    .set({ state: 'retired' })
    .where('name', '=', name)
    .where('version', '=', Number(number))
    .returning('version')
    .executeTakeFirst();
  if (changed === undefined) throw noVersion(name, number);
  const subject = `model/${name}@${number}`;
  for (const alias of aliases)
    await appendAudit(transaction, clock, { ...by, action: 'alias.removed', subject, details: { alias } });
  const details = { origin: 'mlflow', aliases };
  await appendAudit(transaction, clock, { ...by, action: 'model.retired', subject, details });
}
