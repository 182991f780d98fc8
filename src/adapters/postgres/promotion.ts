import type { Kysely, Selectable, Transaction } from 'kysely';
import { ALIASES } from '../../contracts/names.ts';
import type { GateResult } from '../../contracts/gate.ts';
import { approvalRule } from '../../domain/registry/approvals.ts';
import type { ApprovalRule, Review } from '../../domain/registry/approvals.ts';
import { promotionGates, promotionRefusal } from '../../domain/registry/promotion.ts';
import { WindlassError } from '../../errors/windlass-error.ts';
import { versionNumber } from './pipeline-versions.ts';
import type { RegistryTables } from './registry-tables.ts';
import type { Database } from './schema.ts';

export type ModelRow = Pick<
  Selectable<RegistryTables['models']>,
  'name' | 'version' | 'state' | 'created_by' | 'registration' | 'pipeline_name' | 'pipeline_version'
>;

type Db = Kysely<Database> | Transaction<Database>;

/** The row of a version; throws NOT_FOUND. */
export async function modelRow(db: Db, name: string, version: string): Promise<ModelRow> {
  const row = await db
    .selectFrom('models')
    .select(['name', 'version', 'state', 'created_by', 'registration', 'pipeline_name', 'pipeline_version'])
    .where('name', '=', name)
    .where('version', '=', versionNumber(version) ?? 0)
    .executeTakeFirst();
  if (row !== undefined) return row;
  throw new WindlassError('NOT_FOUND', `There is no model version ${name}@${version}.`);
}

/** Every word about a version, oldest first. */
export async function readReviews(db: Db, name: string, version: number): Promise<Review[]> {
  const rows = await db
    .selectFrom('model_reviews')
    .select(['actor', 'decision', 'reason', 'at'])
    .where('name', '=', name)
    .where('version', '=', version)
    .orderBy('id')
    .execute();
  return rows.map(({ at, ...review }) => ({ ...review, at: at.toISOString() }));
}

/** The approval rules that a version is judged by: its own project's, and that of the version which is champion now. */
export async function approvalRules(db: Db, model: ModelRow): Promise<ApprovalRule[]> {
  const rows = await db
    .selectFrom('pipelines')
    .select('spec')
    .where((e) =>
      e.or([
        e.and([e('name', '=', model.pipeline_name), e('version', '=', model.pipeline_version)]),
        e.exists(
          e
            .selectFrom('models as m')
            .innerJoin('model_aliases as a', (join) =>
              join.onRef('a.name', '=', 'm.name').onRef('a.version', '=', 'm.version'),
            )
            .select('m.version')
            .where('a.name', '=', model.name)
            .where('a.alias', '=', ALIASES.champion)
            .where('a.until', 'is', null)
            .whereRef('m.pipeline_name', '=', 'pipelines.name')
            .whereRef('m.pipeline_version', '=', 'pipelines.version'),
        ),
      ]),
    )
    .execute();
  const rules = rows.map((row) => approvalRule(row.spec));
  return [...new Map(rules.map((rule) => [JSON.stringify(rule), rule])).values()];
}

/** What an alias asks of a version, each as a gate. */
export async function judgePromotion(db: Db, model: ModelRow, alias: string): Promise<GateResult[]> {
  const { name, version, state, created_by: author, registration } = model;
  const before = await db
    .selectFrom('model_aliases')
    .select('id')
    .where('name', '=', name)
    .where('version', '=', version)
    .where('alias', '=', ALIASES.champion)
    .limit(1)
    .executeTakeFirst();
  return promotionGates({
    ...{ alias, state, author },
    gates: registration.gates,
    comparison: registration.comparison,
    reviews: await readReviews(db, name, version),
    rules: await approvalRules(db, model),
    heldBefore: before !== undefined,
  });
}

/** Throws what `promotionRefusal` says, if anything stands in the way. */
export function refusePromotion(reference: string, what: string, gates: readonly GateResult[]): void {
  const refusal = promotionRefusal(gates);
  if (refusal === undefined) return;
  const { code, why } = refusal;
  throw new WindlassError(code, `${reference} may not ${what}: ${why}.`, { details: { gates } });
}
