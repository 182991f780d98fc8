import { jest } from '@jest/globals';
import { DebouncedInbox, type InboxMemory } from '../../workflows/shared/debounced-inbox.ts';

const QUIET_SECONDS = 5;

afterEach(() => jest.useRealTimers());

/** An inbox on a clock of its own; `script` says what arrives during each wait, if anything. */
function createInbox(script: readonly (readonly unknown[])[], memory?: InboxMemory<string>) {
  jest.useFakeTimers({ now: 0 });
  const waits: unknown[] = [];
  const ignored: string[] = [];
  const inbox = new DebouncedInbox<string>(
    {
      parse: (raw) =>
        typeof raw === 'string' ? Promise.resolve(raw) : Promise.reject(new Error('not a text')),
      idOf: (event) => event,
      accept: (event) => !event.startsWith('late'),
      onIgnored: (why) => ignored.push(why),
      quietSeconds: QUIET_SECONDS,
      condition: (holds, timeout) => {
        if (holds()) return Promise.resolve(true);
        for (const raw of script[waits.length] ?? []) inbox.receive(raw);
        waits.push(timeout);
        jest.setSystemTime(Date.now() + QUIET_SECONDS * 999);
        return Promise.resolve(holds());
      },
    },
    memory,
  );
  return { inbox, waits, ignored };
}

test('what comes before the quiet time is over is one batch; then the next begins', async () => {
  const { inbox, waits } = createInbox([['a'], ['b', 'c'], [], ['d']]);
  expect(await inbox.nextBatch('1 hour')).toEqual(['a', 'b', 'c']);
  expect(waits).toEqual(['1 hour', '5 seconds', '5 seconds']);
  expect(inbox.waiting).toEqual([]);
  expect(await inbox.nextBatch('1 hour')).toEqual(['d']);
});

test('without an event the batch is empty once the idle time is over', async () => {
  const { inbox, waits } = createInbox([]);
  expect(await inbox.nextBatch('1 hour')).toEqual([]);
  expect(waits).toEqual(['1 hour']);
});

test('bad and repeated events are left out and told, those that are not accepted are only left out', async () => {
  const { inbox, ignored } = createInbox([['late a'], [17, 'b', 'b', 'late a']]);
  expect(await inbox.nextBatch('1 hour')).toEqual(['b']);
  expect(ignored).toEqual(['not a text', 'b was taken before', 'late a was taken before']);
});

test('events that keep coming put a batch off for ten quiet times, not for ever', async () => {
  const { inbox } = createInbox(Array.from({ length: 100 }, (_, i) => [`event ${i}`]));
  expect((await inbox.nextBatch('1 hour')).length).toBe(12);
});

test('waiting events and the newest 100 ids are carried over', async () => {
  const first = createInbox([]);
  for (let i = 0; i < 150; i += 1) first.inbox.receive(`event ${i}`);
  await first.inbox.takeArrived();
  const { waiting, seen } = first.inbox;
  expect([waiting.length, seen.length, seen.at(-1)]).toEqual([150, 100, 'event 149']);
  const next = createInbox([['event 149', 'event 150']], { waiting: ['event 149'], seen });
  expect(await next.inbox.nextBatch('1 hour')).toEqual(['event 149', 'event 150']);
  expect(next.ignored).toEqual(['event 149 was taken before']);
});
