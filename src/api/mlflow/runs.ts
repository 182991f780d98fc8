import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { RUN_STATUSES } from '../../contracts/mlflow/tracking.ts';
import { readPageToken, parseSearch } from '../../domain/tracking/search.ts';
import { SEARCHABLE } from '../../domain/tracking/searchable.ts';
import type { RunStore } from '../../ports/tracking-store.ts';
import { endpoint } from './endpoint.ts';
import type { Door } from './endpoint.ts';
import { viewType } from './experiments.ts';
import { int64, name, repeated, runId, runTag, searchFields, time } from './fields.ts';
import { metricWire, nextPage, runInfoWire, runWire } from './wire.ts';

const byId = z.object({ run_id: runId });
const MOST_HISTORY = 25_000;

/** Runs of the MLflow door: their life, and searches over them. */
export function addRuns(door: Door, tracking: RunStore): void {
  const at = (path: string): string => `/mlflow/runs/${path}`;

  endpoint(
    door,
    {
      method: 'POST',
      path: at('create'),
      input: z.object({
        experiment_id: z.string().default('0'),
        user_id: z.string().default(''),
        run_name: z.string().default(''),
        start_time: time.optional(),
        tags: z.array(runTag).default([]),
      }),
    },
    async ({ input, actor }) => {
      const id = randomUUID().replaceAll('-', '');
      const tagged = input.tags.find(({ key }) => key === 'mlflow.runName')?.value;
      const run = await tracking.createRun({
        runId: id,
        experimentId: input.experiment_id,
        name: input.run_name || (tagged ?? `run-${id.slice(0, 8)}`),
        userId: input.user_id || actor,
        startedAt: input.start_time ?? Date.now(),
        tags: input.tags,
      });
      return { run: runWire(run) };
    },
  );
  endpoint(door, { method: 'GET', path: at('get'), input: byId }, async ({ input }) => ({
    run: runWire(await tracking.run(input.run_id)),
  }));
  endpoint(
    door,
    {
      method: 'POST',
      path: at('update'),
      input: byId.extend({
        status: z.enum(RUN_STATUSES).optional(),
        end_time: time.optional(),
        run_name: name.optional(),
      }),
    },
    async ({ input: { run_id, status, end_time, run_name } }) => ({
      run_info: runInfoWire(await tracking.updateRun(run_id, { status, endedAt: end_time, name: run_name })),
    }),
  );
  endpoint(door, { method: 'POST', path: at('delete'), input: byId }, ({ input }) =>
    tracking.setRunStage(input.run_id, 'deleted'),
  );
  endpoint(door, { method: 'POST', path: at('restore'), input: byId }, ({ input }) =>
    tracking.setRunStage(input.run_id, 'active'),
  );
  endpoint(
    door,
    {
      method: 'POST',
      path: at('search'),
      input: z.object({
        ...searchFields(50_000, 1_000),
        experiment_ids: repeated,
        run_view_type: viewType,
      }),
    },
    async ({ input: { experiment_ids, run_view_type, ...request } }) => {
      const search = parseSearch(request, SEARCHABLE.runs);
      const page = await tracking.searchRuns({
        ...search,
        experimentIds: experiment_ids,
        stages: run_view_type,
      });
      return { runs: page.items.map(runWire), ...nextPage(page, search.offset) };
    },
  );
  endpoint(
    door,
    {
      method: 'GET',
      path: '/mlflow/metrics/get-history',
      input: byId.extend({
        metric_key: name,
        page_token: z.string().optional(),
        max_results: int64
          .refine((n) => n >= 1 && n <= MOST_HISTORY, `expected 1 to ${MOST_HISTORY}`)
          .default(MOST_HISTORY),
      }),
    },
    async ({ input: { run_id, metric_key, page_token, max_results } }) => {
      const offset = readPageToken(page_token);
      const page = await tracking.metricHistory(run_id, metric_key, { offset, limit: max_results });
      return { metrics: page.items.map((point) => metricWire(point)), ...nextPage(page, offset) };
    },
  );
}
