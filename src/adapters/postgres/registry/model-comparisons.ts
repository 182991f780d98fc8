import type { Transaction } from 'kysely';
import type { Clock } from '../../../ports/clock.ts';
import type { Actor } from '../../../contracts/audit.ts';
import type { ImportedRegistration } from '../../../contracts/model/model-version.ts';
import { comparisonCounts } from '../../../domain/registry/promotion.ts';
import { stateAfterComparison } from '../../../domain/registry/reviewed-state.ts';
import { appendAudit } from './audit-log.ts';
import { become, endChallenger, liveUses } from './model-states.ts';
import { championOf, modelRow, reviewedVersion } from './promotion.ts';
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
  if (!comparisonCounts({ champion, heldBefore, comparison: before }, comparison)) return;
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
  const compared = await reviewedVersion(transaction, { ...model, compared: comparison });
  const to = stateAfterComparison(compared, await liveUses(transaction, model));
  await become(transaction, model, to);
  await appendAudit(transaction, clock, {
    ...by,
    action: 'model.compared',
    subject: `model/${name}@${version}`,
    details: { champion, verdict: comparison.verdict, from: model.state, to, ...run },
  });
  if (to === 'rejected') await endChallenger(transaction, clock, { model, by });
}
