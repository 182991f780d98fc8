import { z } from 'zod';
import { WindlassError } from '../../errors/windlass-error.ts';
import { HISTORY_LENGTH, withLoggedModel } from '../../domain/tracking/model-history.ts';
import type { RunStore } from '../../ports/tracking-store.ts';
import { endpoint } from './endpoint.ts';
import type { Door } from './endpoint.ts';
import { entityKey, int64, LIMITS, metric, name, param, registryTag, runId, runTag } from './fields.ts';

const byId = z.object({ run_id: runId });
const atMost = <T extends z.ZodType>(entry: T, most: number, what: string) =>
  z.array(entry).max(most, `expected at most ${most} ${what} in one request`).default([]);
const batch = byId
  .extend({
    metrics: atMost(metric, LIMITS.batchMetrics, 'metrics'),
    params: atMost(param, LIMITS.batchParams, 'params'),
    tags: atMost(runTag, LIMITS.batchTags, 'tags'),
  })
  .refine(
    ({ metrics, params, tags }) => metrics.length + params.length + tags.length <= LIMITS.batchTotal,
    `expected at most ${LIMITS.batchTotal} metrics, params and tags in one request`,
  )
  .refine(
    ({ params }) => new Set(params.map(({ key }) => key)).size === params.length,
    'expected each param once',
  );
const modelJson = z
  .string()
  .max(HISTORY_LENGTH / 4, `expected at most ${HISTORY_LENGTH / 4} characters of JSON`);
const dataset = z.object({
  tags: z.array(registryTag).default([]),
  dataset: z.object({
    name: name.max(500),
    digest: z.string().min(1).max(36),
    source_type: z.string(),
    source: z.string().max(65_535),
    schema: z.string().optional(),
    profile: z.string().optional(),
  }),
});

/** What runs of the MLflow door log. */
export function addRunLogging(door: Door, tracking: RunStore): void {
  const at = (path: string): string => `/mlflow/runs/${path}`;
  const nothing = { metrics: [], params: [], tags: [] };

  endpoint(
    door,
    { method: 'POST', path: at('log-metric'), input: byId.and(metric) },
    ({ input: { run_id, ...point } }) => tracking.logBatch(run_id, { ...nothing, metrics: [point] }),
  );
  endpoint(
    door,
    { method: 'POST', path: at('log-parameter'), input: byId.extend(param.shape) },
    ({ input: { run_id, key, value } }) =>
      tracking.logBatch(run_id, { ...nothing, params: [{ key, value }] }),
  );
  endpoint(
    door,
    { method: 'POST', path: at('set-tag'), input: byId.extend(runTag.shape) },
    ({ input: { run_id, key, value } }) => tracking.logBatch(run_id, { ...nothing, tags: [{ key, value }] }),
  );
  endpoint(
    door,
    { method: 'POST', path: at('delete-tag'), input: byId.extend({ key: entityKey }) },
    ({ input: { run_id, key } }) => tracking.deleteTag(run_id, key),
  );
  endpoint(
    door,
    { method: 'POST', path: at('log-batch'), input: batch },
    ({ input: { run_id, ...logged } }) => tracking.logBatch(run_id, logged),
  );
  endpoint(
    door,
    {
      method: 'POST',
      path: at('log-inputs'),
      input: byId.extend({
        datasets: atMost(dataset, 1_000, 'datasets'),
        models: z.array(z.object({ model_id: name })).default([]),
      }),
    },
    ({ input: { run_id, datasets, models } }) =>
      tracking.logInputs(run_id, {
        datasets: datasets.map(({ tags, dataset: { source_type, ...rest } }) => ({
          ...rest,
          sourceType: source_type,
          tags,
        })),
        models: models.map(({ model_id }) => model_id),
      }),
  );
  endpoint(
    door,
    {
      method: 'POST',
      path: at('outputs'),
      input: byId.extend({
        models: z.array(z.object({ model_id: name, step: int64.default(0) })).default([]),
      }),
    },
    ({ input: { run_id, models } }) =>
      tracking.logOutputs(
        run_id,
        models.map(({ model_id, step }) => ({ modelId: model_id, step })),
      ),
  );
  // Clients before 3.0 tell which models a run logged: MLflow keeps that as a tag of the run.
  endpoint(
    door,
    { method: 'POST', path: at('log-model'), input: byId.extend({ model_json: modelJson }) },
    async ({ input: { run_id, model_json } }) => {
      const { tags } = await tracking.run(run_id);
      const known = tryJson(tags.find(({ key }) => key === MODELS_TAG)?.value ?? '[]');
      const models = withLoggedModel(
        Array.isArray(known) ? (known as unknown[]) : [],
        parseModel(model_json),
      );
      await tracking.logBatch(run_id, {
        ...nothing,
        tags: [{ key: MODELS_TAG, value: JSON.stringify(models) }],
      });
    },
  );
}

const MODELS_TAG = 'mlflow.log-model.history';

function parseModel(text: string): Record<string, unknown> {
  const parsed = z.record(z.string(), z.unknown()).safeParse(tryJson(text));
  if (parsed.success) return parsed.data;
  throw new WindlassError('INPUT_INVALID', 'model_json: expected one JSON object.');
}

function tryJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
