import { z } from 'zod';
import type { LifecycleStage } from '../../contracts/mlflow/tracking.ts';
import { SEARCHABLE } from '../../domain/tracking/searchable.ts';
import { parseSearch } from '../../domain/tracking/search.ts';
import { WindlassError } from '../../errors/windlass-error.ts';
import type { ExperimentStore } from '../../ports/tracking-store.ts';
import { endpoint } from './endpoint.ts';
import type { Door } from './endpoint.ts';
import { entityKey, experimentTag, LIMITS, searchFields } from './fields.ts';
import { experimentWire, nextPage } from './wire.ts';

const experimentName = z
  .string()
  .min(1, 'expected a name')
  .max(LIMITS.experimentName, `expected at most ${LIMITS.experimentName} characters`);
const byId = z.object({ experiment_id: z.string() });

/** Which stages a view shows; the usual one is ACTIVE_ONLY. */
export const viewType = z
  .enum(['ACTIVE_ONLY', 'DELETED_ONLY', 'ALL'])
  .default('ACTIVE_ONLY')
  .transform(
    (view): LifecycleStage[] =>
      ({ ACTIVE_ONLY: ['active'], DELETED_ONLY: ['deleted'], ALL: ['active', 'deleted'] })[
        view
      ] as LifecycleStage[],
  );

/** Experiments of the MLflow door. */
export function addExperiments(door: Door, tracking: ExperimentStore): void {
  const at = (path: string): string => `/mlflow/experiments/${path}`;

  endpoint(
    door,
    {
      method: 'POST',
      path: at('create'),
      input: z.object({
        name: experimentName,
        artifact_location: z.string().optional(),
        tags: z.array(experimentTag).default([]),
      }),
    },
    async ({ input: { name, artifact_location, tags } }) => {
      if (artifact_location !== undefined && artifact_location !== '')
        throw new WindlassError(
          'INPUT_INVALID',
          `artifact_location cannot be ${JSON.stringify(artifact_location)}: Windlass keeps artefacts in its own store.`,
          { hint: 'Create the experiment without artifact_location.' },
        );
      return { experiment_id: await tracking.createExperiment({ name, tags }) };
    },
  );
  endpoint(door, { method: 'GET', path: at('get'), input: byId }, async ({ input }) => ({
    experiment: experimentWire(await tracking.experiment({ id: input.experiment_id })),
  }));
  endpoint(
    door,
    { method: 'GET', path: at('get-by-name'), input: z.object({ experiment_name: z.string() }) },
    async ({ input }) => ({
      experiment: experimentWire(await tracking.experiment({ name: input.experiment_name })),
    }),
  );
  endpoint(
    door,
    {
      method: 'POST',
      path: at('update'),
      input: byId.extend({ new_name: experimentName }),
    },
    ({ input }) => tracking.renameExperiment(input.experiment_id, input.new_name),
  );
  endpoint(door, { method: 'POST', path: at('delete'), input: byId }, ({ input }) =>
    tracking.setExperimentStage(input.experiment_id, 'deleted'),
  );
  endpoint(door, { method: 'POST', path: at('restore'), input: byId }, ({ input }) =>
    tracking.setExperimentStage(input.experiment_id, 'active'),
  );
  endpoint(
    door,
    {
      method: 'POST',
      path: at('set-experiment-tag'),
      input: byId.extend(experimentTag.shape),
    },
    ({ input: { experiment_id, key, value } }) => tracking.setExperimentTag(experiment_id, { key, value }),
  );
  endpoint(
    door,
    { method: 'POST', path: at('delete-experiment-tag'), input: byId.extend({ key: entityKey }) },
    ({ input }) => tracking.deleteExperimentTag(input.experiment_id, input.key),
  );
  for (const method of ['GET', 'POST'] as const)
    endpoint(
      door,
      {
        method,
        path: at('search'),
        input: z.object({ ...searchFields(50_000, 1_000), view_type: viewType }),
      },
      async ({ input: { view_type, ...request } }) => {
        const search = parseSearch(request, SEARCHABLE.experiments);
        const page = await tracking.searchExperiments({ ...search, stages: view_type });
        return { experiments: page.items.map(experimentWire), ...nextPage(page, search.offset) };
      },
    );
}
