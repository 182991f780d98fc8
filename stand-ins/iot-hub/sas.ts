import { createHmac, timingSafeEqual } from 'node:crypto';
import { HubError } from './hub-error.ts';

/**
 * A shared access signature token, taken apart but not yet verified. `expiry` is in seconds since
 * the epoch.
 */
export interface SasToken {
  readonly resource: string;
  readonly signature: string;
  readonly expiry: number;
  readonly policy: string | null;
  readonly signedText: string;
}

/**
 * Reads `SharedAccessSignature sr=…&sig=…&se=…[&skn=…]`; throws IotHubUnauthorizedAccess when it is
 * malformed.
 */
export function parseSas(token: string | undefined): SasToken {
  const match = /^SharedAccessSignature\s+(.+)$/.exec(token ?? '');
  if (!match) throw unauthorized('a shared access signature is missing');
  const fields = new Map<string, string>();
  for (const pair of (match[1] ?? '').split('&')) {
    const at = pair.indexOf('=');
    if (at > 0) fields.set(pair.slice(0, at), pair.slice(at + 1));
  }
  const [sr, sig, se, skn] = ['sr', 'sig', 'se', 'skn'].map((key) => fields.get(key));
  if (sr === undefined || sig === undefined || se === undefined || !/^\d+$/.test(se))
    throw unauthorized('the shared access signature is malformed');

  return {
    resource: decode(sr),
    signature: decode(sig),
    expiry: Number(se),
    policy: skn === undefined || skn === '' ? null : decode(skn),
    signedText: `${sr}\n${se}`,
  };
}

/**
 * Verifies signature, expiry and scope: one of the base64 keys must have signed the token, and its
 * resource must be the given path (`devices/d1`) or a parent of it. The host part is not compared:
 * the same hub answers to several names.
 */
export function verifySas(
  token: SasToken,
  { keys, path, now }: { keys: readonly string[]; path: string; now: Date },
): void {
  if (token.expiry * 1000 <= now.getTime()) throw unauthorized('the shared access signature has expired');
  const scope = token.resource.split('/').slice(1).join('/');
  if (scope !== '' && scope !== path && !path.startsWith(`${scope}/`))
    throw unauthorized('the shared access signature is for another resource');

  if (!keys.some((key) => signedBy(token, key))) throw unauthorized('the signature does not match');
}

function signedBy(token: SasToken, key: string): boolean {
  if (key === '') return false;
  const expected = createHmac('sha256', Buffer.from(key, 'base64')).update(token.signedText).digest();
  const given = Buffer.from(token.signature, 'base64');
  return given.length === expected.length && timingSafeEqual(given, expected);
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw unauthorized('the shared access signature is malformed');
  }
}

function unauthorized(reason: string): HubError {
  return new HubError('IotHubUnauthorizedAccess', `Unauthorized: ${reason}.`);
}
