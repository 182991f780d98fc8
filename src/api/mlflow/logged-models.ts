import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { SearchOrder } from '../../contracts/mlflow/tracking.ts';
import { parseOrder, parseSearch } from '../../domain/tracking/search.ts';
import { SEARCHABLE } from '../../domain/tracking/searchable.ts';
import { WindlassError } from '../../errors/windlass-error.ts';
import type { LoggedModelStore } from '../../ports/tracking-store.ts';
import { endpoint } from './endpoint.ts';
import type { Door } from './endpoint.ts';
import { entityKey, name, param, repeated, runTag, searchFields } from './fields.ts';
import { loggedModelStatus, loggedModelWire, nextPage } from './wire.ts';

const byId = z.object({ model_id: name });
const order = z.object({ field_name: z.string(), ascending: z.boolean().default(true) });

/** Logged models of the MLflow door: what `mlflow.<flavour>.log_model` of MLflow 3 makes. */
export function addLoggedModels(door: Door, tracking: LoggedModelStore): void {
  const PATH = '/mlflow/logged-models';

  endpoint(
    door,
    {
      method: 'POST',
      path: PATH,
      input: z.object({
        experiment_id: name,
        name: z
          .string()
          .regex(/^[^/:.%"']*$/, 'expected a name without / : . % and quotes')
          .default(''),
        model_type: z.string().optional(),
        source_run_id: z.string().optional(),
        params: z.array(param).default([]),
        tags: z.array(runTag).default([]),
      }),
    },
    async ({ input }) => {
      const id = `m-${randomUUID().replaceAll('-', '')}`;
      const model = await tracking.createLoggedModel({
        modelId: id,
        experimentId: input.experiment_id,
        name: input.name || `model-${id.slice(2, 10)}`,
        modelType: input.model_type ?? null,
        sourceRunId: input.source_run_id ?? null,
        params: input.params,
        tags: input.tags,
      });
      return { model: loggedModelWire(model) };
    },
  );
  endpoint(
    door,
    {
      method: 'POST',
      path: `${PATH}/search`,
      input: z.object({
        ...searchFields(5_000, 100),
        experiment_ids: repeated,
        order_by: z.array(order).default([]),
        datasets: z.array(z.unknown()).default([]),
      }),
    },
    async ({ input: { experiment_ids, order_by, datasets, ...request } }) => {
      if (datasets.length > 0)
        throw new WindlassError(
          'INPUT_INVALID',
          'datasets: logged models cannot be searched by data set here.',
        );
      const search = {
        ...parseSearch({ ...request, order_by: [] }, SEARCHABLE.loggedModels),
        order: order_by.map(readOrder),
      };
      const page = await tracking.searchLoggedModels({ ...search, experimentIds: experiment_ids });
      return { models: page.items.map(loggedModelWire), ...nextPage(page, search.offset) };
    },
  );
  endpoint(
    door,
    {
      method: 'GET',
      path: `${PATH}/:model_id`,
      input: byId.extend({ allow_deleted: z.stringbool().default(false) }),
    },
    async ({ input }) => ({
      model: loggedModelWire(await tracking.loggedModel(input.model_id, { deletedToo: input.allow_deleted })),
    }),
  );
  endpoint(
    door,
    { method: 'PATCH', path: `${PATH}/:model_id`, input: byId.extend({ status: z.string() }) },
    async ({ input }) => {
      const status = loggedModelStatus(input.status);
      if (status === undefined || status === 'PENDING')
        throw new WindlassError(
          'INPUT_INVALID',
          'status: expected LOGGED_MODEL_READY or LOGGED_MODEL_UPLOAD_FAILED.',
        );
      return { model: loggedModelWire(await tracking.finishLoggedModel(input.model_id, status)) };
    },
  );
  endpoint(door, { method: 'DELETE', path: `${PATH}/:model_id`, input: byId }, ({ input }) =>
    tracking.deleteLoggedModel(input.model_id),
  );
  endpoint(
    door,
    {
      method: 'POST',
      path: `${PATH}/:model_id/params`,
      input: byId.extend({ params: z.array(param).default([]) }),
    },
    ({ input }) => tracking.logModelParams(input.model_id, input.params),
  );
  endpoint(
    door,
    {
      method: 'PATCH',
      path: `${PATH}/:model_id/tags`,
      input: byId.extend({ tags: z.array(runTag).default([]) }),
    },
    ({ input }) => tracking.setModelTags(input.model_id, input.tags),
  );
  endpoint(
    door,
    { method: 'DELETE', path: `${PATH}/:model_id/tags/:key`, input: byId.extend({ key: entityKey }) },
    ({ input }) => tracking.deleteModelTag(input.model_id, input.key),
  );
}

/** Here an order names its metric as it is, without quotes. */
function readOrder({ field_name, ascending }: z.infer<typeof order>): SearchOrder {
  const metric = /^metrics\.(.+)$/.exec(field_name)?.[1];
  if (metric !== undefined) return { entity: 'metric', key: metric, descending: !ascending };
  return { ...parseOrder(field_name, SEARCHABLE.loggedModels), descending: !ascending };
}
