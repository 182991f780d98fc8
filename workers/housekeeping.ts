import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Client } from '@temporalio/client';

const KEPT_DAYS = 7;

/**
 * Removes folders of runs that are older than a week and that nobody comes back to: their worker
 * was killed, and their workflow ended elsewhere. A run that still goes on keeps its folder,
 * however long it takes or its workers are away.
 */
export async function cleanWork(
  work: string,
  { now, goesOn }: { readonly now: Date; readonly goesOn: (runId: string) => Promise<boolean> },
): Promise<void> {
  const limit = now.getTime() - KEPT_DAYS * 86_400_000;
  const names = await readdir(work).catch(() => []);
  for (const name of names) {
    const folder = join(work, name);
    const changed = (await stat(folder).catch(() => undefined))?.mtimeMs;
    if (changed === undefined || changed >= limit || (await goesOn(name))) continue;
    await rm(folder, { recursive: true, force: true });
  }
}

/** Whether a run of this id, the name of its folder, is open in Temporal. */
export async function runGoesOn(temporal: Pick<Client, 'workflow'>, runId: string): Promise<boolean> {
  if (!/^[0-9a-f-]{36}$/.test(runId)) return false;
  const { count } = await temporal.workflow.count(`RunId = "${runId}" AND ExecutionStatus = "Running"`);
  return count > 0;
}
