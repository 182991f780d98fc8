import { lstat, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { environmentFiles, lockEnvironment, readMarker } from './environment-store.ts';
import type { EnvironmentFiles } from './environment-store.ts';

/**
 * An environment used this recently counts as in use: its users renew their mark more often than
 * that.
 */
const IN_USE_MS = 10 * 60_000;

/** An environment on this machine's disk. */
export interface StoredEnvironment {
  readonly id: string;
  readonly kind: string;
  readonly python: string;
  readonly platform: string;
  readonly builtAt: string;
  readonly lastUsed: string;
  readonly bytes: number;
  readonly inUse: boolean;
}

async function bytesOf(path: string): Promise<number> {
  const info = await lstat(path);
  if (!info.isDirectory()) return info.size;
  const names = await readdir(path);
  let sum = 0;
  for (const name of names) sum += await bytesOf(join(path, name));
  return sum;
}

/** When it was last used; one from before there were stamps counts from when it was built. */
async function lastUsed({ stamp, folder }: EnvironmentFiles): Promise<Date> {
  const info = await stat(stamp).catch(() => stat(join(folder, '.complete')));
  return info.mtime;
}

interface Found {
  readonly files: EnvironmentFiles;
  readonly used: Date;
}

/** The complete environments below `root`, the longest unused first. */
async function findEnvironments(root: string): Promise<Found[]> {
  const names = await readdir(root).catch(() => []);
  const found: Found[] = [];
  for (const id of names.filter((name) => /^[0-9a-f]{32}$/.test(name))) {
    const files = environmentFiles(root, id);
    if (readMarker(files.folder) !== undefined) found.push({ files, used: await lastUsed(files) });
  }
  return found.sort((a, b) => a.used.getTime() - b.used.getTime());
}

async function describe({ files, used }: Found, now: Date): Promise<StoredEnvironment[]> {
  const marker = readMarker(files.folder);
  if (marker === undefined) return []; // collected meanwhile
  const { builtAt, python, platform, kind = 'pip' } = marker;
  return [
    {
      id: files.id,
      kind,
      python,
      platform,
      builtAt,
      lastUsed: used.toISOString(),
      bytes: await bytesOf(files.folder),
      inUse: now.getTime() - used.getTime() < IN_USE_MS,
    },
  ];
}

/** The environments on this machine's disk, the longest unused first. */
export async function listEnvironments(root: string, now: Date): Promise<StoredEnvironment[]> {
  const listed: StoredEnvironment[] = [];
  for (const found of await findEnvironments(root)) listed.push(...(await describe(found, now)));
  return listed;
}

/**
 * Whether the environment was taken away: not when it was used since, or is being built or used.
 */
async function collect(root: string, id: string, before: Date): Promise<boolean> {
  const files = environmentFiles(root, id);
  const release = await lockEnvironment(files.folder, 0).catch(() => undefined);
  if (release === undefined) return false;
  const gone = join(root, `${id}.gone`);
  try {
    if ((await lastUsed(files)) >= before) return false;
    // A caller marks its interest before it looks. If the mark is seen here, the environment is put
    // back; if it comes later, the caller finds nothing and builds.
    await rm(gone, { recursive: true, force: true }); // of one that was killed at it
    await rename(files.folder, gone);
    const used = await stat(files.stamp).catch(() => undefined);
    if (used !== undefined && used.mtime >= before) {
      await rename(gone, files.folder);
      return false;
    }
    for (const path of [gone, files.logFile, files.stamp, join(root, `${id}.yaml`)])
      await rm(path, { recursive: true, force: true });
    return true;
  } finally {
    await release().catch(() => undefined);
  }
}

/**
 * Removes environments that nobody has used for this long, never one in use; returns the removed
 * ones.
 */
export async function pruneEnvironments(
  root: string,
  { unusedForMs, now }: { readonly unusedForMs: number; readonly now: Date },
): Promise<StoredEnvironment[]> {
  const before = new Date(now.getTime() - Math.max(unusedForMs, IN_USE_MS));
  const gone: StoredEnvironment[] = [];
  for (const found of await findEnvironments(root)) {
    if (found.used >= before) break;
    const described = await describe(found, now);
    if (await collect(root, found.files.id, before)) gone.push(...described);
  }
  return gone;
}
