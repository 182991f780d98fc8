import { sql } from 'kysely';
import type { Kysely, SqlBool } from 'kysely';
import type { Comparison } from '../../../contracts/build/comparison.ts';
import { incompleteReason } from '../../../domain/registry/imported.ts';
import { WindlassError } from '../../../errors/windlass-error.ts';
import type { ModelRecord, ModelVersion } from '../../../contracts/model/model-version.ts';
import { isForeign, unjudged } from '../mlflow/registry/foreign.ts';
import type { Database } from '../schema.ts';

/**
 * Versions with all their parts; an import may lack some, and what came through the MLflow door
 * lacks most.
 */
export const WHOLE = sql<SqlBool>`(models.pipeline_name is not null and models.data_digest is not null
  and models.registration ->> 'golden' is not null and models.registration ->> 'baseline' is not null)`;

/**
 * What a version (a row of `models`) was last compared with, if that was after its registration.
 */
export const newestComparison = sql<Comparison | null>`(select comparison from model_comparisons c
  where c.name = models.name and c.version = models.version order by c.id desc limit 1)`;

/** Versions with the aliases that point at them now. */
export function select(db: Kysely<Database>) {
  return db
    .selectFrom('models')
    .select(['registration', 'version', 'state', 'created_at', 'created_by'])
    .select(newestComparison.as('compared'))
    .select(
      sql<string[]>`array(select alias from model_aliases a where a.name = models.name
        and a.version = models.version and a.until is null order by alias)`.as('aliases'),
    );
}

export type Row = Awaited<ReturnType<ReturnType<typeof select>['executeTakeFirstOrThrow']>>;

/**
 * A version as it was registered, with its newest comparison; throws GATE_FAILED for one that came
 * through the MLflow door.
 */
export function toRecord(row: Row): ModelRecord {
  if (isForeign(row.registration)) throw unjudged(row.registration.name, row.version);
  return {
    ...row.registration,
    comparison: row.compared ?? row.registration.comparison,
    version: String(row.version),
    state: row.state,
    aliases: row.aliases,
    createdAt: row.created_at.toISOString(),
    createdBy: row.created_by,
  };
}

/** A whole version; throws GATE_FAILED that says what it lacks. */
export function toModel(row: Row): ModelVersion {
  const record = toRecord(row);
  const { pipeline, data, golden, baseline, metrics } = record;
  if (pipeline !== null && data !== null && golden !== null && baseline !== null && metrics !== null)
    return { ...record, pipeline, data, golden, baseline, metrics };
  throw new WindlassError('GATE_FAILED', incompleteReason(`${record.name}@${record.version}`, record), {
    hint: 'Look at it with `windlass models show`; an import with what is missing makes a version of its own.',
  });
}
