import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import type Docker from 'dockerode';
import { engineVersion } from '../src/adapters/docker/engine.ts';
import { pruneEnvironments } from '../src/adapters/python/collect-environments.ts';
import type { WorkerContext } from './context.ts';

const KEPT_DAYS = 7;
const DAY_MS = 86_400_000;

/** What earlier training workers may have left behind. */
interface Leftovers {
  /** Folder of the folders of runs. */
  readonly work: string;
  /** Folder of the Python environments. */
  readonly environments: string;
  readonly docker: Docker;
  readonly containers: { sweep(): Promise<string[]> };
}

/**
 * Removes what earlier training workers left behind: folders of old runs, environments that nobody
 * uses, containers whose worker is gone. What cannot be removed is logged and stays.
 */
export async function keepHouse(context: WorkerContext, leftovers: Leftovers): Promise<void> {
  const { work, environments, docker, containers } = leftovers;
  const { config, logger, temporal, clock } = context;
  const now = clock.now();
  await cleanWork(work, { now, goesOn: (runId) => runGoesOn(temporal, runId) }).catch((error: unknown) =>
    logger.warn({ err: error }, 'folders of old runs could not be taken away'),
  );
  // Beside the work: measuring what goes may take a while.
  const unusedForMs = config.training.environmentDays * DAY_MS;
  void pruneEnvironments(environments, { unusedForMs, now })
    .then((gone) => gone.length > 0 && logger.info({ environments: gone }, 'unused environments taken away'))
    .catch((error: unknown) => logger.warn({ err: error }, 'unused environments could not be taken away'));
  if ((await engineVersion(docker)) === undefined) return;
  const ended = await containers.sweep().catch((error: unknown) => {
    logger.warn({ err: error }, 'containers whose worker is gone could not be ended');
    return [];
  });
  for (const container of ended) logger.warn({ container }, 'ended a container whose worker is gone');
}

/**
 * Removes folders of runs that are older than a week and that nobody comes back to: their worker
 * was killed, and their workflow ended elsewhere. A run that still goes on keeps its folder,
 * however long it takes or its workers are away.
 */
export async function cleanWork(
  work: string,
  { now, goesOn }: { readonly now: Date; readonly goesOn: (runId: string) => Promise<boolean> },
): Promise<void> {
  const limit = now.getTime() - KEPT_DAYS * DAY_MS;
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
