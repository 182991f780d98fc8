import { createHash } from 'node:crypto';

/** First 32 bits of a text's sha256: decides the fold of groups whose name holds no number. */
export function seedHash(text: string): number {
  return createHash('sha256').update(text).digest().readUInt32BE(0);
}
