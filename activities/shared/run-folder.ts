import { rm, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { activityInfo, cancellationDetails } from '@temporalio/activity';
import { errorCode } from '../../src/base/error-code.ts';
import { WindlassError } from '../../src/errors/windlass-error.ts';

/** Work in the folder of one step of the current run; it goes with the end of each attempt. */
export async function inRunFolder<T>(
  work: string,
  step: string,
  run: (folder: string) => Promise<T>,
): Promise<T> {
  const folder = runFolder(work, step);
  try {
    return await run(folder);
  } finally {
    await removeRunFolder(folder);
  }
}

/**
 * Work in a folder that every attempt of a step finds again, for work that resumes from
 * checkpoints. It goes when the work is done, can never be or is cancelled; after a lost or stopped
 * worker or an unforeseen error the next attempt goes on from there.
 */
export async function inResumableFolder<T>(
  work: string,
  step: string,
  run: (folder: string) => Promise<T>,
): Promise<T> {
  const folder = runFolder(work, step);
  try {
    const value = await run(folder);
    await removeRunFolder(folder);
    return value;
  } catch (error) {
    const { cancelRequested = false, notFound = false } = cancellationDetails() ?? {};
    const over = cancelRequested || notFound || (error instanceof WindlassError && !error.retryable);
    if (over) await removeRunFolder(folder);
    throw error;
  }
}

/** Folder of one step of the current run below `work`; every attempt has the same. */
function runFolder(work: string, step: string): string {
  return join(work, activityInfo().workflowExecution?.runId ?? 'none', step);
}

/** Removes a step's folder, and the run's when no other step has anything there. */
async function removeRunFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await rmdir(dirname(folder)).catch((error: unknown) => {
    const code = errorCode(error);
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST' && code !== 'ENOENT') throw error;
  });
}
