import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import lockfile from 'proper-lockfile';

/**
 * A part that the test files of one run share: the first to ask makes it, below the run's folder,
 * and the others wait. Gives what `make` says of it. Jest's global teardown ends its processes and
 * removes the folder.
 */
export async function oncePerRun(name: string, make: (run: string) => Promise<string>): Promise<string> {
  const run = process.env.WINDLASS_TEST_RUN;
  if (run === undefined)
    throw new Error('WINDLASS_TEST_RUN is not set: run the tests through jest (npm test)');
  const file = join(run, `${name}.made`);
  if (existsSync(file)) return readFileSync(file, 'utf8');
  mkdirSync(run, { recursive: true });
  const unlock = await lockfile.lock(run, {
    lockfilePath: join(run, `${name}.lock`),
    stale: 60_000,
    retries: { retries: 600, minTimeout: 100, maxTimeout: 200 },
  });
  try {
    if (existsSync(file)) return readFileSync(file, 'utf8');
    const made = await make(run);
    writeFileSync(file, made);
    return made;
  } finally {
    await unlock();
  }
}
