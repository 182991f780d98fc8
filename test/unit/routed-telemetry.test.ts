import { appendFileSync, mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createRoutedTelemetry } from '../../src/adapters/iot-hub/routed-telemetry.ts';
import { routedRecord, TelemetryRouter } from '../../stand-ins/iot-hub/telemetry-router.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'windlass-routed-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const NAMES = { '$.ct': 'application/json', '$.ce': 'utf-8' };

function line(n: number, second = n): string {
  const message = {
    deviceId: `d${n % 3}`,
    moduleId: 'scorer',
    generationId: '1',
    properties: NAMES,
    payload: Buffer.from(JSON.stringify({ n })),
  };
  return `${JSON.stringify(routedRecord(message, new Date(Date.UTC(2026, 0, 1, 0, 0, second))))}\n`;
}

function write(path: string, text: string): void {
  const file = join(folder, path);
  mkdirSync(dirname(file), { recursive: true });
  appendFileSync(file, text);
}

async function drain(
  cursor: string | null,
  limit = 1000,
): Promise<{ numbers: number[]; cursor: string | null }> {
  const source = createRoutedTelemetry({ folder });
  const numbers: number[] = [];
  let at = cursor;
  for (let more = true; more;) {
    const read = await source.read(at, limit);
    expect(read.messages.length).toBeLessThanOrEqual(limit);
    numbers.push(...read.messages.map((message) => (message.body as { n: number }).n));
    at = read.cursor;
    more = read.more;
  }
  return { numbers, cursor: at };
}

test('an empty or absent container has nothing', async () => {
  expect(await createRoutedTelemetry({ folder }).read(null, 10)).toEqual({
    messages: [],
    cursor: null,
    more: false,
  });
  const absent = createRoutedTelemetry({ folder: join(folder, 'none') });
  expect(await absent.read(null, 10)).toEqual({ messages: [], cursor: null, more: false });
});

test.each([1, 2, 3, 7, 100])('in batches of %i every message comes once', async (limit) => {
  for (let n = 0; n < 30; n += 1) write(`hub/${n % 2}/2026/01/01/00/0${Math.floor(n / 10)}`, line(n));
  const { numbers, cursor } = await drain(null, limit);
  expect([...numbers].sort((a, b) => a - b)).toEqual(Array.from({ length: 30 }, (_, n) => n));
  expect((await drain(cursor)).numbers).toEqual([]);
});

test('what is written later, in old and new files, comes after the cursor', async () => {
  write('hub/0/2026/01/01/00/00', line(0));
  const first = await drain(null);
  write('hub/0/2026/01/01/00/00', line(1));
  write('hub/0/2026/01/01/00/01', line(2));
  write('hub/1/2026/01/01/00/00', line(3));
  const second = await drain(first.cursor);
  expect(second.numbers).toEqual([1, 2, 3]);
});

test('a half-written last line waits for its end', async () => {
  const file = 'hub/0/2026/01/01/00/00';
  const half = line(1);
  write(file, line(0) + half.slice(0, 40));
  const first = await drain(null);
  expect(first.numbers).toEqual([0]);
  write(file, half.slice(40));
  expect((await drain(first.cursor)).numbers).toEqual([1]);
});

test('a line torn by a crash is passed over', async () => {
  write('hub/0/2026/01/01/00/00', `${line(0)}${line(1).slice(0, 30)}\n{"no":"record"}\n\n${line(2)}`);
  expect((await drain(null)).numbers).toEqual([0, 2]);
});

test('old files are forgotten, so that the cursor stays small', async () => {
  for (let n = 0; n < 59; n += 1) write(`hub/0/2026/01/01/00/${String(n).padStart(2, '0')}`, line(n));
  const { numbers, cursor } = await drain(null, 10);
  expect(numbers).toHaveLength(59);
  expect((cursor ?? '').length).toBeLessThan(500);
  write('hub/0/2026/01/01/01/00', line(60));
  expect((await drain(cursor)).numbers).toEqual([60]);
});

test('letters beyond ASCII at the edge of a read block arrive whole', async () => {
  const text = 'é'.repeat(700_000);
  for (let n = 0; n < 3; n += 1)
    write('hub/0/2026/01/01/00/00', line(n).replace(`"n":${n}`, `"n":${n},"t":"x${text}"`));
  const { messages } = await createRoutedTelemetry({ folder }).read(null, 10);
  expect(messages.map((m) => (m.body as { t: string }).t === `x${text}`)).toEqual([true, true, true]);
});

test('a cursor of another source is refused', async () => {
  await expect(createRoutedTelemetry({ folder }).read('nonsense', 1)).rejects.toMatchObject({
    code: 'INPUT_INVALID',
  });
});

describe('the stand-in’s router', () => {
  const now = (): Date => new Date(Date.UTC(2026, 0, 1, 0, 0, 30));
  const router = (): TelemetryRouter => new TelemetryRouter({ folder, hubName: 'hub', partitions: 2, now });
  const message = (n: number): Parameters<TelemetryRouter['route']>[0] => ({
    deviceId: `d${n}`,
    moduleId: null,
    generationId: '1',
    properties: NAMES,
    payload: Buffer.from(JSON.stringify({ n })),
  });

  test('acknowledges when the line is in the file', async () => {
    const route = router();
    await Promise.all(Array.from({ length: 500 }, (_, n) => route.route(message(n))));
    expect((await drain(null)).numbers).toHaveLength(500);
  });

  test('after a crash within a line it begins a new one', async () => {
    await router().route(message(1));
    const file = join(folder, 'hub', '0', '2026/01/01/00/00');
    const other = join(folder, 'hub', '1', '2026/01/01/00/00');
    for (const path of [file, other]) {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, 'x'.repeat(50));
      truncateSync(path, 20);
    }
    await Promise.all([2, 3, 4, 5].map((n) => router().route(message(n))));
    expect((await drain(null)).numbers.sort()).toEqual([2, 3, 4, 5]);
  });
});
