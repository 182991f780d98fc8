import type { CalibrationDocument } from '../../../src/contracts/device/calibration.ts';
import { fitMeanStd } from '../../../src/domain/evaluation/group-rows.ts';
import { ask, at, scoreBody } from './suite-tools.ts';
import type { Suite, TestSubject } from './suite-tools.ts';
import { gate } from '../../../src/domain/gates/build.ts';

const BATCH = 500;

interface Row {
  readonly time: string;
  readonly values: ReadonlyArray<number | null>;
}

/**
 * Without any network the module must commission itself (or take a calibration), score a stream of
 * readings, and keep window summaries for the day that the hub is there. The stream is the first
 * golden window over and over, with a small ripple so that no sensor stands still.
 */
export const offlineSuite: Suite = async (subject) => {
  const { instance, manifest } = subject;
  const rows = stream(subject);
  let totals: unknown;
  let problem = await calibrate(subject, rows);
  for (let from = 0; from < rows.length && problem === undefined; from += BATCH) {
    subject.signal?.throwIfAborted();
    const body = { rows: rows.slice(from, from + BATCH) };
    const answer = await ask(instance, { method: 'POST', path: '/rows', body, timeoutMs: 30_000 });
    if (answer.status === 200) totals = answer.body;
    else problem = `POST /rows answered ${answer.status} ${JSON.stringify(answer.body).slice(0, 200)}`;
  }
  const judged = Number(at(totals, 'scored') ?? 0) + Number(at(totals, 'invalid') ?? 0);
  const ok = problem === undefined && judged >= manifest.windowsPerSummary;
  const scores = gate('container.offline-scoring', ok, {
    observed: judged,
    threshold: manifest.windowsPerSummary,
    n: rows.length,
    reason:
      problem ??
      'windows judged from a stream of readings without a hub, after commissioning on its first rows',
    evidence: { totals },
  });
  const waiting = await queuedSummaries(subject);
  const queue = gate('container.offline-queue', waiting >= 1, {
    observed: waiting,
    threshold: 1,
    n: Number(at(totals, 'summaries') ?? 0),
    reason: 'window summaries that wait for the hub',
  });
  return [scores, queue];
};

/**
 * Delivers the calibration of the first golden row to a module that cannot fit its own; gives what
 * went wrong.
 */
async function calibrate(
  { instance, manifest, golden }: TestSubject,
  rows: readonly Row[],
): Promise<string | undefined> {
  const { calibration, columns } = manifest;
  if (calibration.fit !== 'command') return undefined;
  const before = await ask(instance, { method: 'GET', path: '/attestation' });
  if (at(before.body, 'state') !== 'uncalibrated')
    return `without a calibration the module is "${String(at(before.body, 'state'))}", not "uncalibrated"`;
  const values = Float32Array.from(rows.flatMap((row) => row.values.map((v) => v ?? Number.NaN)));
  const fitted = fitMeanStd(values, columns.length, rows.length);
  if (fitted === undefined) return 'the golden rows have a column without a reading';
  const own = scoreBody(golden, manifest, { row: 0 }).calibration;
  const body: CalibrationDocument = {
    schema: 'windlass.calibration/1',
    id: 'container-test',
    model: manifest.digest,
    rows: calibration.rows,
    mean: [...fitted.mean],
    std: [...fitted.std],
    tensors: Object.entries(own).map(([name, numbers]) => ({ name, values: numbers })),
  };
  const { status, body: answer } = await ask(instance, { method: 'POST', path: '/calibration', body });
  return status === 200
    ? undefined
    : `POST /calibration answered ${status} ${JSON.stringify(answer).slice(0, 200)}`;
}

/** The queue commits a moment after the answer, so it is asked again until the deadline. */
async function queuedSummaries({ instance }: TestSubject): Promise<number> {
  const deadline = performance.now() + 5_000;
  for (;;) {
    const { body } = await ask(instance, { method: 'GET', path: '/attestation' });
    const waiting = Number(at(body, 'queue', 'waiting') ?? 0);
    if (waiting >= 1 || performance.now() > deadline) return waiting;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

function stream({ golden, manifest }: TestSubject): Row[] {
  const { window } = scoreBody(golden, manifest, { row: 0 });
  const spread = manifest.columns.map((column, c) => {
    const readings = window.flatMap((row) => row[c] ?? []);
    return Math.max(...readings) - Math.min(...readings) || (column.max - column.min) / 1000;
  });
  const count = manifest.calibration.rows + manifest.window + manifest.windowsPerSummary;
  const start = Date.UTC(2026, 0, 1);
  return Array.from({ length: count }, (_, i): Row => {
    const base = window[i % window.length] ?? [];
    const ripple = ((i * 7) % 11) / 11 - 0.5;
    return {
      time: new Date(start + i * 1000).toISOString(),
      values: base.map((value, c) => (value === null ? null : value + ripple * 0.1 * (spread[c] ?? 1))),
    };
  });
}
