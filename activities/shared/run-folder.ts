import { rm, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { activityInfo } from '@temporalio/activity';
import { errorCode } from '../../src/base/error-code.ts';

/** Folder of one step of the current run below `work`; every attempt has the same. */
export function runFolder(work: string, step: string): string {
  return join(work, activityInfo().workflowExecution?.runId ?? 'none', step);
}

/** Removes a step's folder, and the run's when no other step has anything there. */
export async function removeRunFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await rmdir(dirname(folder)).catch((error: unknown) => {
    const code = errorCode(error);
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST' && code !== 'ENOENT') throw error;
  });
}
