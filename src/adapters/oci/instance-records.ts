import { randomUUID } from 'node:crypto';
import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { identify, isRunning } from './process-identity.ts';
import type { ProcessIdentity } from './process-identity.ts';

const identitySchema = z.object({
  host: z.string(),
  pid: z.number().int().positive(),
  start: z.string().nullable(),
});
const recordSchema = z.object({
  owner: identitySchema,
  child: identitySchema.nullable(),
  folders: z.array(z.string()),
});

/**
 * What is running and which folders it uses, written down so that another worker can tidy up after
 * a kill.
 */
export interface InstanceRecords {
  open(folders: readonly string[]): Promise<InstanceRecord>;
  /** Ends the processes and removes the folders whose owners are gone; gives their number. */
  sweep(): Promise<number>;
}

interface InstanceRecord {
  child(identity: ProcessIdentity): Promise<void>;
  /** Removes the folders and the record. */
  close(): Promise<void>;
}

/** Records as one JSON file each in `dir`. */
export function createInstanceRecords(dir: string): InstanceRecords {
  const remove = async (file: string, folders: readonly string[]): Promise<void> => {
    for (const folder of folders) await rm(folder, { recursive: true, force: true });
    await rm(file, { force: true });
  };
  return {
    open: async (folders) => {
      await mkdir(dir, { recursive: true });
      const file = join(dir, `${randomUUID()}.json`);
      const owner = await identify();
      const write = (child: ProcessIdentity | null): Promise<void> =>
        writeFile(file, JSON.stringify({ owner, child, folders }));
      await write(null);
      return { child: write, close: () => remove(file, folders) };
    },
    sweep: async () => {
      let removed = 0;
      for (const name of await readdir(dir).catch(() => [])) {
        const file = join(dir, name);
        const text = await readFile(file, 'utf8').catch(() => '{}');
        const parsed = recordSchema.safeParse(parse(text));
        if (!parsed.success || (await isRunning(parsed.data.owner))) continue;
        const { child, folders } = parsed.data;
        if (child !== null && (await isRunning(child))) end(child.pid);
        await remove(file, folders);
        removed += 1;
      }
      return removed;
    },
  };
}

function end(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended by itself in between.
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
