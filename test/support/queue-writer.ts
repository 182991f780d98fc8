import { openDatabase } from '../../edge/database.ts';
import { StoreAndForward } from '../../edge/queue.ts';

/**
 * Appends messages for ever and prints each number only after it was promised to be on disk; to be
 * killed.
 */
const queue = new StoreAndForward(openDatabase(process.argv[2] as string), { commitMs: 5 });
for (;;) {
  const written = await Promise.all(
    Array.from({ length: 10 }, () =>
      queue.append({ device: 'd', model: 'm', schema: 's/1', priority: 5, body: (seq) => ({ seq }) }),
    ),
  );
  process.stdout.write(`${written.join('\n')}\n`);
}
