import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { openDatabase } from '../../edge/database.ts';
import { StoreAndForward, type QueueEntry, type QueueOptions } from '../../edge/queue.ts';
import { tempFolder } from '../support/temp-folder.ts';

const folder = tempFolder('queue');
afterAll(() => folder.remove());

let files = 0;
const newPath = (): string => join(folder.path, `${(files += 1)}.db`);
const open = (path = newPath(), options: QueueOptions = {}) =>
  new StoreAndForward(openDatabase(path), { commitMs: 1, ...options });
const entry = (given: Partial<QueueEntry> = {}): QueueEntry => ({
  device: 'd',
  model: 'm',
  schema: 's/1',
  priority: 5,
  body: (seq) => ({ seq }),
  ...given,
});

test('messages are numbered per device and model, and come out in the order they went in', async () => {
  const queue = open();
  const numbers = await Promise.all([
    queue.append(entry()),
    queue.append(entry({ model: 'other' })),
    queue.append(entry()),
    queue.append(entry({ device: 'e' })),
  ]);
  expect(numbers).toEqual([0, 0, 1, 0]);
  expect(queue.peek('d', 10).map((item) => [item.model, item.seq, item.body])).toEqual([
    ['m', 0, '{"seq":0}'],
    ['other', 0, '{"seq":0}'],
    ['m', 1, '{"seq":1}'],
  ]);
  expect(queue.stats('e')).toMatchObject({ waiting: 1 });
  queue.close();
});

test('what was acknowledged is gone, numbers go on, and both survive a restart', async () => {
  const path = newPath();
  const first = open(path);
  await Promise.all([first.append(entry()), first.append(entry())]);
  first.acknowledge([first.peek('d', 1)[0]!.id]);
  first.close();
  const second = open(path);
  expect(second.peek('d', 10).map((item) => item.seq)).toEqual([1]);
  expect(second.stats('d').waiting).toBe(1);
  expect(await second.append(entry())).toBe(2);
  second.close();
});

test('a message that was queued before is not queued again, sent or not', async () => {
  const queue = open();
  await queue.append(entry({ seq: 4 }));
  expect(await queue.append(entry({ seq: 4 }))).toBe(4);
  expect(queue.stats('d').waiting).toBe(1);
  queue.acknowledge([queue.peek('d', 1)[0]!.id]);
  await queue.append(entry({ seq: 4 }));
  expect(queue.peek('d', 10)).toEqual([]);
  queue.close();
});

test('over the quota the oldest of the lowest priority is given up, and counted', async () => {
  const queue = open(newPath(), { maxBytes: 3 * 100 });
  const body = () => 'x'.repeat(98); // 100 bytes as JSON
  for (const priority of [9, 1, 5, 1]) await queue.append(entry({ priority, body }));
  expect(queue.peek('d', 10).map((item) => item.seq)).toEqual([0, 2, 3]);
  await queue.append(entry({ priority: 9, body }));
  expect(queue.peek('d', 10).map((item) => item.seq)).toEqual([0, 2, 4]);
  expect(queue.stats('d')).toEqual({ waiting: 3, bytes: 300, evicted: 2 });
  expect(queue.stats('e').evicted).toBe(0);
  queue.close();
});

test('many appends share few commits', async () => {
  const queue = open(newPath(), { commitMs: 20 });
  let commits = 0;
  queue.onAppend('d', () => (commits += 1));
  await Promise.all(Array.from({ length: 200 }, () => queue.append(entry())));
  expect(queue.stats('d').waiting).toBe(200);
  expect(commits).toBe(1);
  queue.close();
});

test('a commit that fails promises nothing and counts nothing', async () => {
  const queue = open();
  await queue.append(entry());
  const failing = queue.append(
    entry({
      body: () => {
        throw new Error('cannot be written');
      },
    }),
  );
  await expect(failing).rejects.toThrow('cannot be written');
  expect(queue.stats('d').waiting).toBe(1);
  expect(await queue.append(entry())).toBe(1);
  queue.close();
});

test('kill -9 of the writer loses nothing that was promised', async () => {
  const path = newPath();
  const writer = join(import.meta.dirname, '../support/queue-writer.ts');
  const child = spawn(process.execPath, [writer, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  let printed = '';
  child.stdout.setEncoding('utf8');
  const enough = new Promise<void>((resolve) => {
    child.stdout.on('data', (text: string) => {
      printed += text;
      if (printed.split('\n').length > 300) resolve();
    });
  });
  await enough;
  child.kill('SIGKILL');
  await once(child, 'close');
  const promised = printed.slice(0, printed.lastIndexOf('\n')).split('\n').map(Number);
  const queue = open(path);
  const kept = queue.peek('d', 1e6).map((item) => item.seq);
  expect(kept).toEqual(kept.map((_, i) => i)); // no gap, no repeat, in order
  expect(kept.length).toBeGreaterThanOrEqual(Math.max(...promised) + 1);
  expect(await queue.append(entry())).toBe(kept.length);
  queue.close();
});
