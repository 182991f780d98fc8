import {
  closeSync,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  statSync,
} from 'node:fs';
import { dirname } from 'node:path';

const ROTATE_AT_BYTES = 20_000_000;

/** Opens a log for appending; a log beyond 20 MB is first set aside as `FILE.1`. */
export function openLog(file: string): { fd: number; offset: number } {
  mkdirSync(dirname(file), { recursive: true });
  if (existsSync(file) && statSync(file).size > ROTATE_AT_BYTES) renameSync(file, `${file}.1`);
  const fd = openSync(file, 'a', 0o600);
  return { fd, offset: fstatSync(fd).size };
}

/** The text of a log from a byte offset on, at most `limit` bytes of it (the last ones). */
export function readLog(file: string, offset: number, limit = 1_000_000): string {
  const fd = openSync(file, 'r');
  try {
    const size = fstatSync(fd).size;
    const from = Math.max(offset, size - limit);
    const buffer = Buffer.alloc(Math.max(0, size - from));
    readSync(fd, buffer, 0, buffer.length, from);
    return buffer.toString('utf8');
  } finally {
    closeSync(fd);
  }
}

/** The last non-empty lines of a log written since `offset`. */
export function lastLines(file: string, offset: number, count = 15): string[] {
  return readLog(file, offset, 100_000)
    .split('\n')
    .filter((line) => line.trim() !== '')
    .slice(-count);
}
