import { join } from 'node:path';
import { createCalibrationStore, type CalibrationStore } from '../../edge/calibration-store.ts';
import { openDatabase } from '../../edge/database.ts';
import type { EntryHost } from '../../edge/entry-host.ts';
import { openEntry } from '../../edge/entry-host.ts';
import { silentLog } from '../../edge/log.ts';
import { loadModel, type EdgeModel } from '../../edge/model.ts';
import { ModuleFault } from '../../edge/module-fault.ts';
import { StoreAndForward } from '../../edge/queue.ts';
import { deliverDesired, Scorer, type Row } from '../../edge/scorer.ts';
import type { CalibrationDocument } from '../../src/contracts/device/calibration.ts';
import { attestationSchema } from '../../src/contracts/device/attestation.ts';
import { windowSummarySchema } from '../../src/contracts/device/window-summary.ts';
import { createPump } from '../../stand-ins/pump/pump.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { writeModelFolder, type TinyModelOptions } from '../support/tiny-model.ts';

const folders: ReturnType<typeof tempFolder>[] = [];
const models: EdgeModel[] = [];
afterAll(async () => {
  for (const model of models) await model.close();
  for (const folder of folders) folder.remove();
});

interface DeviceOptions extends TinyModelOptions {
  path?: string;
  host?: EntryHost;
  /** A disk that takes no calibration any more. */
  full?: boolean;
}

async function device({ host, ...options }: DeviceOptions = {}) {
  const folder = tempFolder('scorer');
  folders.push(folder);
  await writeModelFolder(folder.path, options);
  const model = await loadModel(folder.path);
  models.push(model);
  const assets = join(folder.path, 'entry');
  const entry = host ?? (await openEntry({ path: join(assets, 'entry.js'), assets, model, log: silentLog }));
  const path = options.path ?? join(folder.path, 'edge.db');
  const db = openDatabase(path);
  const queue = new StoreAndForward(db, { commitMs: 1 });
  let changes = 0;
  const scorer = new Scorer({
    device: 'pump-001',
    image: 'repo@sha256:1',
    model,
    entry,
    queue,
    stride: 60,
    log: silentLog,
    calibrations: options.full === true ? fullDisk(createCalibrationStore(db)) : createCalibrationStore(db),
    onChange: () => (changes += 1),
  });
  return { scorer, queue, model, path, changes: () => changes };
}

function fullDisk(store: CalibrationStore): CalibrationStore {
  const refuse = (): never => {
    throw new Error('database or disk is full');
  };
  return { ...store, save: refuse, saveDelivered: refuse };
}

function pumpRows(count: number): Row[] {
  const pump = createPump({ id: 'pump-001', seed: 1, dropoutRate: 0 });
  return Array.from({ length: count }, () => pump.next());
}

test('nothing is scored before the device is calibrated; then every 60th row is', async () => {
  const { scorer, changes, queue } = await device({ calibrationRows: 120 });
  expect((await scorer.ingest(pumpRows(119))).scored).toBe(0);
  expect(scorer.attestation()).toMatchObject({
    state: 'calibrating',
    calibration: { state: 'missing', rows: 119 },
  });
  const totals = await scorer.ingest(pumpRows(120 + 60 * 4 + 1).slice(119));
  expect(totals).toMatchObject({ scored: 5, invalid: 0 });
  expect(scorer.state).toBe('scoring');
  expect(changes()).toBe(1);
  expect(() => attestationSchema.parse(scorer.attestation())).not.toThrow();
  queue.close();
});

test('the calibration is there after a restart, also for a new version with the same columns', async () => {
  const first = await device({ calibrationRows: 120 });
  await first.scorer.ingest(pumpRows(120));
  first.queue.close();
  const again = await device({ calibrationRows: 120, version: '2', gain: 3, path: first.path });
  expect(again.scorer.state).toBe('scoring');
  expect(again.scorer.inputs).toEqual(first.scorer.inputs);
  again.queue.close();
  const other = await device({ calibrationRows: 200, path: first.path });
  expect(other.scorer.state).toBe('calibrating');
  other.queue.close();
});

test('summaries are queued every so many windows, numbered on over restarts, and a clean stop queues the rest', async () => {
  const first = await device({ calibrationRows: 120, windowsPerSummary: 2 });
  await first.scorer.ingest(pumpRows(120 + 60 * 5));
  await first.scorer.stop();
  first.queue.close();
  const second = await device({ calibrationRows: 120, windowsPerSummary: 2, path: first.path });
  await second.scorer.ingest(pumpRows(120));
  await second.scorer.stop();
  const bodies = second.queue
    .peek('pump-001', 10)
    .map((item) => windowSummarySchema.parse(JSON.parse(item.body)));
  expect(bodies.map((b) => [b.seq, b.scored])).toEqual([
    [0, 2],
    [1, 2],
    [2, 1],
    [3, 2],
  ]);
  expect(bodies[0]).toMatchObject({ device: 'pump-001', baseline: first.model.baselineDigest, readings: 61 });
  second.queue.close();
});

test('a model that is refused takes no rows and attests that it failed', async () => {
  const { scorer, queue } = await device({ goldenError: 0.5 });
  expect(await scorer.ingest(pumpRows(500))).toMatchObject({ rows: 0, scored: 0 });
  expect(scorer.attestation()).toMatchObject({ state: 'failed', golden: { match: false } });
  queue.close();
});

test('a crash of the entry script rejects the rows with its exit code', async () => {
  const host: EntryHost = { run: () => Promise.reject(new ModuleFault(13, 'boom')) };
  const { scorer, queue } = await device({ calibrationRows: 60, host });
  await expect(scorer.ingest(pumpRows(200))).rejects.toMatchObject({ exitCode: 13 });
  queue.close();
});

test('after recommissioning the device calibrates again', async () => {
  const { scorer, queue } = await device({ calibrationRows: 120 });
  await scorer.ingest(pumpRows(200));
  await scorer.recommission();
  expect(scorer.state).toBe('calibrating');
  await scorer.ingest(pumpRows(120));
  expect(scorer.state).toBe('scoring');
  queue.close();
});

describe('a model whose calibration is fitted elsewhere', () => {
  const documentFor = (digest: string, changes: Partial<CalibrationDocument> = {}): CalibrationDocument => ({
    schema: 'windlass.calibration/1',
    id: 'first',
    model: digest,
    rows: 400,
    mean: new Array<number>(8).fill(1),
    std: new Array<number>(8).fill(2),
    tensors: ['baseline_mean', 'baseline_std'].map((name) => ({
      name,
      values: new Array<number>(8).fill(2),
    })),
    ...changes,
  });

  test('waits for it without scoring, takes it, and has it after a restart', async () => {
    const first = await device({ fit: 'command' });
    expect(await first.scorer.ingest(pumpRows(500))).toMatchObject({ rows: 500, scored: 0, invalid: 0 });
    expect(first.scorer.attestation()).toMatchObject({
      state: 'uncalibrated',
      calibration: { state: 'missing', rows: 0 },
    });
    expect(await first.scorer.deliver(documentFor(first.model.digest))).toBeUndefined();
    expect(first.changes()).toBe(1);
    expect(first.scorer.inputs?.['baseline_mean']).toEqual({
      shape: [1, 8],
      data: new Float32Array(8).fill(2),
    });
    expect((await first.scorer.ingest(pumpRows(61))).scored).toBeGreaterThan(0);
    first.queue.close();
    const again = await device({ fit: 'command', path: first.path });
    expect(attestationSchema.parse(again.scorer.attestation())).toMatchObject({
      state: 'scoring',
      calibration: { state: 'delivered', rows: 400, id: 'first' },
    });
    again.queue.close();
    const otherModel = await device({ fit: 'command', gain: 3, path: first.path });
    expect(otherModel.scorer.state).toBe('uncalibrated');
    otherModel.queue.close();
  });

  test.each<[string, (good: CalibrationDocument) => unknown, RegExp]>([
    ['of another model', (good) => ({ ...good, model: 'sha256:other' }), /fitted for model sha256:other/],
    [
      'that lacks a tensor',
      (good) => ({ ...good, tensors: good.tensors.slice(1) }),
      /baseline_mean is missing/,
    ],
    [
      'with a tensor of another size',
      (good) => ({ ...good, tensors: good.tensors.map((t) => ({ ...t, values: [1] })) }),
      /baseline_mean has 1 values, expected \[8\]/,
    ],
    [
      'with a tensor too many',
      (good) => ({ ...good, tensors: [...good.tensors, { name: 'more', values: [1] }] }),
      /tensor more is not declared/,
    ],
    ['without a spread', (good) => ({ ...good, std: good.std.fill(0) }), /std\.0/],
    ['with a value that is no number', (good) => ({ ...good, mean: [null] }), /mean\.0/],
    ['that is nothing of the kind', () => 'hello', /calibration/],
  ])('refuses one %s, says why, and goes on without', async (_, spoil, problem) => {
    const { scorer, model, queue } = await device({ fit: 'command' });
    expect(await scorer.deliver(spoil(documentFor(model.digest)))).toMatch(problem);
    expect(attestationSchema.parse(scorer.attestation())).toMatchObject({
      state: 'uncalibrated',
      calibration: { state: 'missing', problem: expect.stringMatching(problem) },
    });
    queue.close();
  });

  test('of two for one model the one that was fitted later is used, whichever comes last, also after a restart', async () => {
    const first = await device({ fit: 'command' });
    const { digest } = first.model;
    const at = (id: string, day?: number): CalibrationDocument =>
      documentFor(digest, { id, ...(day === undefined ? {} : { fittedAt: `2026-03-0${day}T12:00:00Z` }) });
    const inUse = ({ scorer }: typeof first) => scorer.attestation().calibration;
    expect(await first.scorer.deliver(at('timeless'))).toBeUndefined();
    deliverDesired(first.scorer, { calibration: at('twin', 2) });
    expect(await first.scorer.deliver(at('on-site', 3))).toBeUndefined();
    // Connected again: the twin still holds what it held.
    deliverDesired(first.scorer, { calibration: at('twin', 2) });
    await first.scorer.ingest([]);
    expect(inUse(first)).toEqual({ state: 'delivered', rows: 400, id: 'on-site' });
    first.queue.close();
    const again = await device({ fit: 'command', path: first.path });
    expect(await again.scorer.deliver(at('twin', 2))).toBe(
      'it was fitted 2026-03-02T12:00:00Z, before the one that is in use (on-site, 2026-03-03T12:00:00Z); fit it again to go back to it',
    );
    expect(await again.scorer.deliver(at('timeless'))).toMatch(/at a time that it does not say/);
    expect(inUse(again)).toEqual({ state: 'delivered', rows: 400, id: 'on-site' });
    deliverDesired(again.scorer, { calibration: at('twin', 4) });
    await again.scorer.ingest([]);
    expect(inUse(again)).toEqual({ state: 'delivered', rows: 400, id: 'twin' });
    again.queue.close();
  });

  test('one that cannot be kept on a full disk is in use all the same', async () => {
    const { scorer, model, queue } = await device({ fit: 'command', full: true });
    expect(await scorer.deliver(documentFor(model.digest))).toBeUndefined();
    expect(scorer.state).toBe('scoring');
    queue.close();
    const own = await device({ calibrationRows: 120, full: true });
    expect((await own.scorer.ingest(pumpRows(200))).scored).toBe(2);
    own.queue.close();
  });

  test('a delivered one replaces what a device fitted itself', async () => {
    const { scorer, model, queue } = await device({ calibrationRows: 120 });
    await scorer.ingest(pumpRows(120));
    deliverDesired(scorer, { calibration: documentFor(model.digest), $version: 2 });
    await scorer.ingest([]);
    expect(scorer.attestation().calibration).toEqual({ state: 'delivered', rows: 400, id: 'first' });
    queue.close();
  });
});
