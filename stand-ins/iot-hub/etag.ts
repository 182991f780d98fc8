import { HubError } from './hub-error.ts';

/** IoT Hub's twin etag: the base64 of a big-endian 64-bit counter, e.g. 1 → "AAAAAAAAAAE=". */
export function counterEtag(counter: number): string {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(counter));
  return bytes.toString('base64');
}

/** IoT Hub's identity etag: the base64 of a decimal number. */
export function numberEtag(value: number): string {
  return Buffer.from(String(value)).toString('base64');
}

/**
 * Throws PreconditionFailed when an If-Match header is given that is neither `*` nor the current
 * etag.
 */
export function checkIfMatch(header: string | undefined, current: string): void {
  if (header === undefined) return;
  const wanted = header.replace(/^W\//, '').replace(/^"(.*)"$/, '$1');
  if (wanted === '*' || wanted === '' || wanted === current) return;
  throw new HubError('PreconditionFailed', 'Precondition failed: the etag does not match the current one.');
}
