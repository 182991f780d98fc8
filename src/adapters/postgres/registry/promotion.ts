import { sql } from 'kysely';
import type { Kysely, Selectable, Transaction } from 'kysely';
import type { Comparison } from '../../../contracts/build/comparison.ts';
import { ALIASES } from '../../../contracts/names.ts';
import type { ProjectSpec } from '../../../contracts/project/project.ts';
import type { GateResult } from '../../../contracts/gate.ts';
import { approvalRule } from '../../../domain/registry/approvals.ts';
import type { ApprovalRule } from '../../../domain/registry/approvals.ts';
import type { Review } from '../../../contracts/model/review.ts';
import { commandAgain } from '../../../domain/registry/command-again.ts';
import { promotionGates, promotionRefusal } from '../../../domain/registry/promotion.ts';
import type { PromotionCase } from '../../../domain/registry/promotion.ts';
import type { ReviewedVersion } from '../../../domain/registry/reviewed-state.ts';
import { WindlassError } from '../../../errors/windlass-error.ts';
import { isForeign } from '../mlflow/registry/foreign.ts';
import { versionNumber } from './pipeline-versions.ts';
import type { RegistryTables } from './registry-tables.ts';
import { newestComparison } from './model-rows.ts';
import type { Database } from '../schema.ts';

export type ModelRow = Pick<
  Selectable<RegistryTables['models']>,
  'name' | 'version' | 'state' | 'created_by' | 'registration' | 'pipeline_name' | 'pipeline_version'
> & { readonly compared: Comparison | null };

type Db = Kysely<Database> | Transaction<Database>;

/** Finds the row of a version; throws NOT_FOUND. */
export async function modelRow(db: Db, name: string, version: string): Promise<ModelRow> {
  const row = await db
    .selectFrom('models')
    .select(['name', 'version', 'state', 'created_by', 'registration', 'pipeline_name', 'pipeline_version'])
    .select(newestComparison.as('compared'))
    .where('name', '=', name)
    .where('version', '=', versionNumber(version) ?? 0)
    .executeTakeFirst();
  if (row !== undefined) return row;
  throw new WindlassError('NOT_FOUND', `There is no model version ${name}@${version}.`);
}

/** All reviews of a version, oldest first. */
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

/**
 * The approval rules that a version is judged by: its own project's, and that of the present
 * champion, or of the last one: removing the alias does not remove the rule.
 */
async function approvalRules(db: Db, model: ModelRow): Promise<ApprovalRule[]> {
  const { rows } = await sql<{ spec: ProjectSpec }>`
    select p.spec from pipelines p
     where (p.name, p.version) in (
       values (${model.pipeline_name}::text, ${model.pipeline_version}::integer)
       union all
       (select m.pipeline_name, m.pipeline_version
          from model_aliases a join models m on m.name = a.name and m.version = a.version
         where a.name = ${model.name} and a.alias = ${ALIASES.champion}
         order by a.id desc limit 1))`.execute(db);
  const rules = rows.map((row) => approvalRule(row.spec));
  return [...new Map(rules.map((rule) => [JSON.stringify(rule), rule])).values()];
}

/** The version that is champion now, and whether this one ever was. */
export async function championOf(
  db: Db,
  { name, version }: Pick<ModelRow, 'name' | 'version'>,
): Promise<Pick<PromotionCase, 'champion' | 'heldBefore'>> {
  const stretches = await db
    .selectFrom('model_aliases')
    .select(['version', 'until'])
    .where('name', '=', name)
    .where('alias', '=', ALIASES.champion)
    .where((e) => e.or([e('version', '=', version), e('until', 'is', null)]))
    .execute();
  const now = stretches.find((stretch) => stretch.until === null);
  return {
    champion: now === undefined ? null : String(now.version),
    heldBefore: stretches.some((stretch) => stretch.version === version),
  };
}

/** All that decides whether an alias may point at a version. */
export async function promotionCase(db: Db, model: ModelRow): Promise<Omit<PromotionCase, 'alias'>> {
  const { name, version, state, created_by: author, registration } = model;
  return {
    state,
    author,
    gates: registration.gates,
    comparison: model.compared ?? registration.comparison,
    again: commandAgain(registration),
    reviews: await readReviews(db, name, version),
    rules: await approvalRules(db, model),
    ...(await championOf(db, model)),
  };
}

/** What an alias asks of a version, each as a gate. */
export async function judgePromotion(db: Db, model: ModelRow, alias: string): Promise<GateResult[]> {
  return promotionGates({ ...(await promotionCase(db, model)), alias });
}

/** All that the state of a version follows from. */
export async function reviewedVersion(db: Db, model: ModelRow): Promise<ReviewedVersion> {
  const { name, version, state, created_by: author, registration } = model;
  return {
    state,
    author,
    foreign: isForeign(registration),
    metrics: registration.metrics,
    comparison: model.compared ?? registration.comparison,
    reviews: await readReviews(db, name, version),
    rules: await approvalRules(db, model),
  };
}

/** Throws the error of `promotionRefusal` when the promotion is not allowed. */
export function refusePromotion(reference: string, what: string, gates: readonly GateResult[]): void {
  const refusal = promotionRefusal(gates);
  if (refusal === undefined) return;
  const { code, why } = refusal;
  throw new WindlassError(code, `${reference} may not ${what}: ${why}.`, { details: { gates } });
}
