import type { Kysely } from 'kysely';
import { systemClock } from '../../../base/clock.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { StepStore } from '../../../ports/step-store.ts';
import { json } from '../column-types.ts';
import type { Database } from '../schema.ts';

/**
 * Results of finished steps; saving again under the same key replaces the result (a step that was
 * run without cache).
 */
export function createStepStore(db: Kysely<Database>, clock: Clock = systemClock): StepStore {
  return {
    find: async (step, key) => {
      const row = await db
        .selectFrom('steps')
        .selectAll()
        .where('step', '=', step)
        .where('key', '=', key)
        .executeTakeFirst();
      if (row === undefined) return undefined;
      const { result, workflow_id: workflowId, run_id: runId } = row;
      return { result, workflowId, runId, createdAt: row.created_at.toISOString() };
    },
    save: async (...[step, key, result, by]) => {
      const content = {
        result: json(result ?? null),
        workflow_id: by.workflowId,
        run_id: by.runId,
        created_at: clock.now(),
      };
      await db
        .insertInto('steps')
        .values({ step, key, ...content })
        .onConflict((conflict) => conflict.columns(['step', 'key']).doUpdateSet(content))
        .execute();
    },
  };
}
