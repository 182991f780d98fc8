import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { WindlassError } from '../../errors/windlass-error.ts';
import type { TelemetryMessage, TelemetrySource } from '../../ports/telemetry-source.ts';

/**
 * Where reading stands in one partition: bytes read of the files still watched; older files are
 * done.
 */
interface PartitionCursor {
  /** Newest file (its path below the partition) that is done for good; '' when none is. */
  readonly floor: string;
  readonly files: Readonly<Record<string, number>>;
}
type Cursor = Readonly<Record<string, PartitionCursor>>;

const cursorSchema = z.record(
  z.string(),
  z.strictObject({ floor: z.string(), files: z.record(z.string(), z.number().int().nonnegative()) }),
);

const recordSchema = z.looseObject({
  EnqueuedTimeUtc: z.string(),
  Properties: z.record(z.string(), z.string()).nullish(),
  SystemProperties: z.looseObject({
    connectionDeviceId: z.string(),
    connectionModuleId: z.string().nullish(),
  }),
  Body: z.unknown(),
});

/**
 * Newest files per partition that may still grow; a hub that writes late writes into one of these.
 */
const WATCHED_FILES = 10;
const CHUNK_BYTES = 1024 * 1024;
const NEWLINE = 0x0a;

/**
 * Telemetry that IoT Hub routed to storage: JSON lines in
 * `{iothub}/{partition}/{YYYY}/{MM}/{DD}/{HH}/{mm}`. Reads forward from a cursor; a last line
 * without its newline is left for the next read; a line that is no record is passed over.
 */
export function createRoutedTelemetry(options: { readonly folder: string }): TelemetrySource {
  return {
    async read(cursor, limit) {
      const start = parseCursor(cursor);
      const next: Record<string, PartitionCursor> = { ...start };
      const messages: TelemetryMessage[] = [];
      let more = false;
      const names = await partitions(options.folder);
      for (const [i, partition] of names.entries()) {
        // none is left waiting behind another
        const share = Math.ceil((limit - messages.length) / (names.length - i));
        if (share <= 0) {
          more ||= await hasMore(join(options.folder, partition), next[partition]);
          continue;
        }
        const read = await readPartition(join(options.folder, partition), next[partition], share);
        messages.push(...read.messages);
        next[partition] = read.cursor;
        more ||= read.more;
      }
      messages.sort((a, b) => (a.enqueued < b.enqueued ? -1 : a.enqueued > b.enqueued ? 1 : 0));
      const unread = Object.keys(next).length === 0;
      return { messages, cursor: unread ? null : JSON.stringify(next), more };
    },
  };
}

function parseCursor(cursor: string | null): Cursor {
  if (cursor === null) return {};
  try {
    return cursorSchema.parse(JSON.parse(cursor));
  } catch (error) {
    throw new WindlassError('INPUT_INVALID', 'The telemetry cursor is not one that this source gave.', {
      cause: error,
    });
  }
}

async function readPartition(
  folder: string,
  cursor: PartitionCursor | undefined,
  limit: number,
): Promise<{ messages: TelemetryMessage[]; cursor: PartitionCursor; more: boolean }> {
  const messages: TelemetryMessage[] = [];
  const { floor, files: before } = cursor ?? { floor: '', files: {} };
  const files: Record<string, number> = { ...before };
  let more = false;
  for (const name of await filesAfter(folder, floor)) {
    if (messages.length >= limit) {
      more ||= await grown(join(folder, name), files[name] ?? 0);
      continue;
    }
    const read = await readLines(join(folder, name), files[name] ?? 0, limit - messages.length);
    messages.push(...read.messages);
    files[name] = read.offset;
    more ||= read.more;
  }
  return { messages, cursor: settle(floor, files, more), more };
}

/** Forgets the oldest files once all have been read: only the newest few are still watched. */
function settle(floor: string, files: Record<string, number>, more: boolean): PartitionCursor {
  const names = Object.keys(files).sort();
  if (more || names.length <= WATCHED_FILES) return { floor, files };
  const kept = names.slice(-WATCHED_FILES);
  const dropped = names[names.length - WATCHED_FILES - 1] ?? floor;
  return { floor: dropped, files: Object.fromEntries(kept.map((name) => [name, files[name] ?? 0])) };
}

async function readLines(
  file: string,
  offset: number,
  limit: number,
): Promise<{ messages: TelemetryMessage[]; offset: number; more: boolean }> {
  const messages: TelemetryMessage[] = [];
  const handle = await open(file, 'r');
  try {
    const { size } = await handle.stat();
    let at = offset;
    let pending = Buffer.alloc(0);
    while (at + pending.length < size) {
      const chunk = Buffer.alloc(Math.min(CHUNK_BYTES, size - at - pending.length));
      const { bytesRead } = await handle.read(chunk, 0, chunk.length, at + pending.length);
      if (bytesRead === 0) break;
      pending = Buffer.concat([pending, chunk.subarray(0, bytesRead)]);
      let from = 0;
      for (let end = pending.indexOf(NEWLINE); end !== -1; end = pending.indexOf(NEWLINE, from)) {
        if (messages.length >= limit) return { messages, offset: at + from, more: true };
        const message = readRecord(pending.toString('utf8', from, end));
        if (message) messages.push(message);
        from = end + 1;
      }
      at += from;
      pending = pending.subarray(from);
    }
    return { messages, offset: at, more: false };
  } finally {
    await handle.close();
  }
}

function readRecord(line: string): TelemetryMessage | null {
  if (line.trim() === '') return null;
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    // torn by a crash of the writer; its sender had no acknowledgement and sent it again
    return null;
  }
  const parsed = recordSchema.safeParse(value);
  if (!parsed.success) return null;
  const { EnqueuedTimeUtc, Properties, SystemProperties, Body } = parsed.data;
  return {
    deviceId: SystemProperties.connectionDeviceId,
    moduleId: SystemProperties.connectionModuleId ?? null,
    enqueued: new Date(EnqueuedTimeUtc).toISOString(),
    properties: Properties ?? {},
    body: Body,
  };
}

async function hasMore(folder: string, cursor: PartitionCursor | undefined): Promise<boolean> {
  for (const name of await filesAfter(folder, cursor?.floor ?? ''))
    if (await grown(join(folder, name), cursor?.files[name] ?? 0)) return true;

  return false;
}

async function grown(file: string, offset: number): Promise<boolean> {
  const read = await readLines(file, offset, 1);
  return read.messages.length > 0;
}

/**
 * Files below the folder whose path comes after the floor, sorted; folders that are done are not
 * looked into.
 */
async function filesAfter(folder: string, floor: string, prefix = ''): Promise<string[]> {
  const found: string[] = [];
  for (const entry of await readdir(join(folder, prefix), { withFileTypes: true })) {
    const name = prefix === '' ? entry.name : `${prefix}/${entry.name}`;
    if (!entry.isDirectory()) {
      if (name > floor) found.push(name);
    } else if (name >= floor.slice(0, name.length)) {
      found.push(...(await filesAfter(folder, floor, name)));
    }
  }
  return found.sort();
}

/** `hub/partition` folders, sorted. A container that does not exist yet has none. */
async function partitions(container: string): Promise<string[]> {
  const found: string[] = [];
  for (const hub of await folders(container))
    for (const partition of await folders(join(container, hub))) found.push(`${hub}/${partition}`);

  return found.sort();
}

async function folders(folder: string): Promise<string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
