import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';

/** `sha256:<hex>` of bytes or text. */
export function digestOf(bytes: Uint8Array | string): string {
  return `sha256:${sha256Hex(bytes)}`;
}

/** Hex digits of the sha256 of bytes or text, for what is not an artefact. */
export function sha256Hex(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Files up to this size are read in one piece. */
export const SMALL_BYTES = 1 << 20;

/** `sha256:<hex>` and length in bytes of a file. */
export async function digestOfFile(path: string): Promise<{ digest: string; size: number }> {
  if ((await stat(path)).size <= SMALL_BYTES) {
    const bytes = await readFile(path);
    return { digest: digestOf(bytes), size: bytes.length };
  }
  const hash = createHash('sha256');
  let size = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>) {
    hash.update(chunk);
    size += chunk.length;
  }
  return { digest: `sha256:${hash.digest('hex')}`, size };
}

const known = new Map<string, string>();

/**
 * Digest of a file that is read again and again, remembered while its size and times stay the same.
 * Not for files that somebody else may change to harm us.
 */
export async function rememberedDigest(path: string): Promise<string> {
  const { size, mtimeNs, ctimeNs, ino } = await stat(path, { bigint: true });
  const key = `${path} ${size} ${mtimeNs} ${ctimeNs} ${ino}`;
  const before = known.get(key);
  if (before !== undefined) return before;
  const { digest } = await digestOfFile(path);
  if (known.size > 50_000) known.clear();
  known.set(key, digest);
  return digest;
}

/**
 * JSON bytes whose keys are in the order they were written in, and the digest and size that name
 * them.
 */
export function jsonBlob(value: unknown): { bytes: Buffer; digest: string; size: number } {
  const bytes = Buffer.from(JSON.stringify(value));
  return { bytes, digest: digestOf(bytes), size: bytes.length };
}
