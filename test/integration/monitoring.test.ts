import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MockActivityEnvironment } from '@temporalio/testing';
import type { Kysely } from 'kysely';
import type { AnalysedModel } from '../../activities/monitoring/analyse-windows.ts';
import { createMonitoringActivities } from '../../activities/monitoring/monitoring-activities.ts';
import { createFileArtefactStore } from '../../src/adapters/blob/file-artefact-store.ts';
import { monitorReportHtml } from '../../src/reports/monitor-report.ts';
import { openDatabase } from '../../src/adapters/postgres/database.ts';
import { createMonitorStore } from '../../src/adapters/postgres/monitoring/monitor-store.ts';
import { createRegistry } from '../../src/adapters/postgres/registry/registry.ts';
import type { Database } from '../../src/adapters/postgres/schema.ts';
import { monitorInputSchema, type MonitorInput } from '../../src/contracts/monitoring/monitor.ts';
import type { MonitoringBaseline, WindowSummary } from '../../src/contracts/device/window-summary.ts';
import type { TelemetryMessage, TelemetrySource } from '../../src/ports/telemetry-source.ts';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';
import { digestOf, pipelineVersion, registration, SENSORS } from '../support/registry-fixtures.ts';

const BY = { actor: 'ada', reason: 'first' };
const MODEL_DIGEST = digestOf('model-one');
const EDGES = [-1.28, -0.84, -0.52, -0.25, 0, 0.25, 0.52, 0.84, 1.28];
const EVEN = Array<number>(10).fill(0.1);
const CHUNK_PSI = [0.02, 0.03, 0.01, 0.04, 0.02, 0.03, 0.02];

const baseline: MonitoringBaseline = {
  schema: 'windlass.baseline/1',
  columns: Object.fromEntries(
    SENSORS.map((s) => [s.name, { edges: EDGES, shares: EVEN, mean: 0, std: 1, chunkPsi: CHUNK_PSI }]),
  ),
  score: { shares: [0.6, 0.1, 0.05, 0.05, 0, 0, 0, 0.05, 0.05, 0.1], chunkPsi: CHUNK_PSI },
  rows: 20_000,
  groups: 16,
  chunkRows: 1_800,
};

/**
 * A summary whose bins follow the baseline, or pile up in the last one when the device has drifted.
 */
function summary(device: string, seq: number, drifted: boolean): WindowSummary {
  const bins = drifted ? [0, 0, 0, 0, 0, 0, 0, 0, 300, 1500] : Array<number>(10).fill(180);
  const column = {
    n: 1800,
    nulls: 0,
    nonFinite: 0,
    outOfRange: 0,
    stuck: 0,
    sum: drifted ? 3600 : 0,
    sumSquares: 1800,
    min: -3,
    max: 3,
    bins,
  };
  return {
    schema: 'windlass.window/1',
    device,
    model: { name: 'pump-health', version: '1', digest: MODEL_DIGEST },
    baseline: baselineDigest,
    seq,
    start: `2026-02-01T0${seq}:00:00.000Z`,
    end: `2026-02-01T0${seq}:30:00.000Z`,
    readings: 1800,
    scored: 30,
    invalid: 1,
    alarms: 6,
    columns: Object.fromEntries(SENSORS.map((s) => [s.name, column])),
    score: { n: 30, sum: 6, sumSquares: 3, bins: [18, 3, 2, 1, 0, 0, 0, 2, 1, 3] },
    latencyMs: { n: 30, sum: 9, max: 1 },
  };
}

/** Messages as the hub routed them; the cursor is the number of messages read. */
class RoutedMessages implements TelemetrySource {
  readonly messages: TelemetryMessage[] = [];
  add(
    body: unknown,
    deviceId: string,
    properties: Record<string, string> = { schema: 'windlass.window/1' },
  ): void {
    this.messages.push({
      deviceId,
      moduleId: 'scorer',
      enqueued: '2026-02-01T09:00:00.000Z',
      properties,
      body,
    });
  }
  read(cursor: string | null, limit: number): ReturnType<TelemetrySource['read']> {
    const from = Number(cursor ?? 0);
    const messages = this.messages.slice(from, from + limit);
    const to = from + messages.length;
    return Promise.resolve({ messages, cursor: String(to), more: to < this.messages.length });
  }
}

let database: TestDatabase;
let db: Kysely<Database>;
let folder: string;
let hub: RoutedMessages;
let activities: ReturnType<typeof createMonitoringActivities>;
let baselineDigest: string;
let run = 0;
let now: Date;

beforeEach(async () => {
  database = await createTestDatabase();
  db = openDatabase(database.url);
  folder = mkdtempSync(join(tmpdir(), 'windlass-monitoring-'));
  const artefacts = createFileArtefactStore(folder);
  now = new Date();
  const clock = { now: () => now };
  const registry = createRegistry(db, clock);
  await registry.publishPipeline(
    {
      ...pipelineVersion(),
      spec: {
        ...pipelineVersion().spec,
        monitoring: { ...pipelineVersion().spec.monitoring, retrainOn: 'drift' },
      },
    },
    BY,
  );
  const stored = await artefacts.put(JSON.stringify(baseline), 'application/json');
  baselineDigest = stored.digest;
  await registry.registerModel({ ...registration(), digest: MODEL_DIGEST, baseline: stored }, BY);
  await registry.setAlias({ name: 'pump-health', alias: 'champion', version: '1' }, BY);
  hub = new RoutedMessages();
  activities = createMonitoringActivities({
    store: createMonitorStore(db),
    registry,
    artefacts,
    clock,
    telemetry: hub,
    renderReport: monitorReportHtml,
  });
}, 60_000);

afterEach(async () => {
  await db.destroy();
  await database.drop();
  rmSync(folder, { recursive: true });
});

const inRun = (id: number): MockActivityEnvironment =>
  new MockActivityEnvironment({ workflowExecution: { workflowId: 'monitor', runId: `run-${id}` } });
const ingest = () => inRun(run).run(activities.ingestTelemetry);
const analyse = (input: MonitorInput = {}, id = ++run) =>
  inRun(id).run(activities.analyseWindows, monitorInputSchema.parse(input)) as Promise<AnalysedModel>;

test('windows are taken once, in any order, and only from the device that they name', async () => {
  hub.add(summary('pump-001', 2, false), 'pump-001');
  hub.add(summary('pump-001', 1, false), 'pump-001');
  hub.add(summary('pump-001', 2, false), 'pump-001');
  hub.add(summary('pump-002', 1, false), 'pump-666');
  hub.add({ schema: 'windlass.window/1', device: 'pump-003' }, 'pump-003');
  hub.add({ temperature: 20 }, 'pump-004', {});
  expect(await ingest()).toEqual({ messages: 6, windows: 2, rejected: 2 });
  expect(await ingest()).toEqual({ messages: 0, windows: 0, rejected: 0 });
});

test('healthy windows: stable, nothing to do; the next report starts behind them, a late window is still read', async () => {
  for (const seq of [1, 2, 3]) hub.add(summary('pump-001', seq, false), 'pump-001');
  await ingest();
  const { report } = await analyse();
  expect(report.columns.map((c) => c.status)).toEqual(SENSORS.map(() => 'stable'));
  expect(report).toMatchObject({ decision: 'none', windows: 3, devices: 1, version: '1' });
  hub.add(summary('pump-001', 0, false), 'pump-001');
  await ingest();
  const second = await analyse();
  expect(second.report).toMatchObject({ windows: 1, from: '2026-02-01T00:00:00.000Z' });
});

test('windows that were counted on other bins are left to their own baseline', async () => {
  hub.add({ ...summary('pump-001', 1, true), baseline: digestOf('another') }, 'pump-001');
  await ingest();
  expect((await analyse()).report).toMatchObject({ windows: 0, decision: 'none' });
});

test('too few readings say nothing, and wait for more', async () => {
  const few = summary('pump-001', 1, false);
  const columns = Object.fromEntries(
    Object.entries(few.columns).map(([k, c]) => [k, { ...c, n: 10, bins: Array<number>(10).fill(1) }]),
  );
  hub.add({ ...few, columns }, 'pump-001');
  await ingest();
  expect((await analyse()).report).toMatchObject({ decision: 'none', windows: 1 });
  for (const seq of [2, 3]) hub.add(summary('pump-001', seq, false), 'pump-001');
  await ingest();
  const { report } = await analyse();
  expect(report.windows).toBe(3);
  expect(report.columns[0]).toMatchObject({ n: 3610, status: 'stable' });
});

test('drift: investigate, then retrain when it persists, then the cooldown holds', async () => {
  const decisions = [];
  for (const seq of [1, 2, 3]) {
    hub.add(summary('pump-001', seq, true), 'pump-001');
    await ingest();
    decisions.push((await analyse()).report.decision);
  }
  expect(decisions).toEqual(['investigate', 'retrain', 'investigate']);
  now = new Date(Date.now() + 3_700_000);
  hub.add(summary('pump-001', 4, true), 'pump-001');
  await ingest();
  expect((await analyse()).report.decision).toBe('retrain');
});

test('an activity that is run again gives the report of its run, not another one', async () => {
  hub.add(summary('pump-001', 1, true), 'pump-001');
  await ingest();
  const first = await analyse({}, 77);
  const again = await analyse({}, 77);
  expect(again).toEqual(first);
  expect(await db.selectFrom('monitor_reports').selectAll().execute()).toHaveLength(1);
});

test('a forced run retrains and says who asked', async () => {
  const { report, pipeline } = await analyse({ force: true, actor: 'grace', reason: 'new labels' });
  expect(report.decision).toBe('retrain');
  expect(report.arithmetic.at(-1)).toBe('grace asked for a retrain (new labels): retrain');
  expect(pipeline).toBe('pump-health@1');
});

test('a model without a champion is a clear error', async () => {
  await expect(analyse({ model: 'other' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
});
