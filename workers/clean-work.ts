import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

const KEPT_DAYS = 7;

/** Removes folders of runs that nobody came back to for a week: their worker was killed and their workflow ended elsewhere. */
export async function cleanWork(work: string, now: Date): Promise<void> {
  const limit = now.getTime() - KEPT_DAYS * 86_400_000;
  const names = await readdir(work).catch(() => []);
  for (const name of names) {
    const folder = join(work, name);
    const changed = (await stat(folder).catch(() => undefined))?.mtimeMs;
    if (changed !== undefined && changed < limit) await rm(folder, { recursive: true, force: true });
  }
}
