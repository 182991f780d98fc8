import type { Transaction } from 'kysely';
import type { Clock } from '../../../ports/clock.ts';
import type { Actor } from '../../../contracts/audit.ts';
import type { ImportedRegistration } from '../../../contracts/model/model-version.ts';
import { appendAudit } from './audit-log.ts';
import { become, endChallenger, reviewedState, usesOf } from './model-states.ts';
import { approvalRules, championOf, modelRow, readReviews } from './promotion.ts';
import type { ModelRow } from './promotion.ts';
import { json } from '../column-types.ts';
import type { Database } from '../schema.ts';

/**
 * Keeps what a version that was there already was compared with this time, when that is the present
 * champion: it counts from now on, and the version's state follows it. A version that was champion
 * before needs no comparison. Call it with the name's lock held.
 */
export async function noteComparison(
  transaction: Transaction<Database>,
  clock: Clock,
  {
    version,
    registration,
    by,
  }: { version: number; registration: Pick<ImportedRegistration, 'name' | 'comparison' | 'run'>; by: Actor },
): Promise<void> {
  const { name, comparison, run } = registration;
  const model = await modelRow(transaction, name, String(version));
  const { champion, heldBefore } = await championOf(transaction, model);
  const before = model.compared ?? model.registration.comparison;
  const other = comparison.champion?.version;
  if (heldBefore || other === undefined || other !== champion) return;
  if (before.champion?.version === other && before.verdict === comparison.verdict) return;
  await transaction
    .insertInto('model_comparisons')
    .values({
      name,
      version,
      comparison: json(comparison),
      at: clock.now(),
      workflow_id: run.workflowId,
      run_id: run.runId,
    })
    .execute();
  const to = await nextState(transaction, { ...model, compared: comparison });
  await become(transaction, model, to);
  await appendAudit(transaction, clock, {
    ...by,
    action: 'model.compared',
    subject: `model/${name}@${version}`,
    details: { champion, verdict: comparison.verdict, from: model.state, to, ...run },
  });
  if (to === 'rejected') await endChallenger(transaction, clock, { model, by });
}

/** What was taken out of use stays there, and what a live rollout uses is judged by the rollout. */
async function nextState(transaction: Transaction<Database>, model: ModelRow): Promise<ModelRow['state']> {
  const { name, version, state } = model;
  if (state !== 'registered' && state !== 'approved' && state !== 'rejected') return state;
  const reviews = await readReviews(transaction, name, version);
  const to = reviewedState(model, { reviews, rules: await approvalRules(transaction, model) });
  return to === 'rejected' && (await usesOf(transaction, model, to)).length > 0 ? state : to;
}
