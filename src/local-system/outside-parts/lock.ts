import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import lockfile from 'proper-lockfile';
import { waitForLock } from '../../adapters/process/wait-for-lock.ts';
import type { SourceContext } from './part.ts';

/**
 * Does the work while no other process of this machine does work of that name; says so once when it
 * has to wait.
 */
export async function alone<T>(
  name: string,
  { cacheDir, report }: SourceContext,
  work: () => Promise<T>,
): Promise<T> {
  mkdirSync(cacheDir, { recursive: true });
  const tryLock = () =>
    // Each lock belongs to a file of its own name (which need not exist): the library renews one
    // lock per file only.
    lockfile.lock(join(cacheDir, name), {
      realpath: false,
      stale: 60_000,
      update: 10_000,
      retries: { retries: 4, minTimeout: 250, maxTimeout: 1_000 },
      // what was made is moved into place in one step, so two makers do no harm
      onCompromised: () => undefined,
    });
  let told = false;
  const release = await waitForLock(tryLock, {
    onWait: () => {
      if (!told) report(`another process is at ${name}; waiting for it`);
      told = true;
    },
  });
  try {
    return await work();
  } finally {
    await release().catch(() => undefined); // taken over meanwhile: no longer ours to give back
  }
}
