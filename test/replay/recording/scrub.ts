import { homedir, hostname } from 'node:os';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '../../..');

const escaped = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);

/** What a history must not tell of the machine that recorded it, and what stands there instead. */
const SECRETS: readonly (readonly [RegExp, string])[] = [
  [new RegExp(String.raw`\d+@${escaped(hostname())}`, 'g'), 'worker@example'],
  [new RegExp(escaped(ROOT), 'g'), '/windlass'],
  [new RegExp(String.raw`${escaped(homedir())}(?=[/"\s]|$)`, 'g'), '/home/example'],
];

function clean(text: string): string {
  return SECRETS.reduce((done, [pattern, word]) => done.replaceAll(pattern, word), text);
}

interface JsonPayload {
  readonly metadata: { readonly encoding: string };
  readonly data: string;
}

const JSON_ENCODING = Buffer.from('json/plain').toString('base64');

function isJsonPayload(value: object): value is JsonPayload {
  const { metadata, data } = value as Partial<JsonPayload>;
  return metadata?.encoding === JSON_ENCODING && typeof data === 'string';
}

/**
 * A history's JSON without paths, host and process ids of the machine that recorded it, also inside
 * payloads (base64). What is equal stays equal, so that it replays as before.
 */
export function scrub<T>(value: T): T {
  if (typeof value === 'string') return clean(value) as T;
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(scrub) as T;
  const fields = Object.entries(value).map(([key, field]) => [key, scrub(field as unknown)]);
  const scrubbed = Object.fromEntries(fields) as object;
  if (!isJsonPayload(scrubbed)) return scrubbed as T;
  const text = Buffer.from(scrubbed.data, 'base64').toString('utf8');
  return { ...scrubbed, data: Buffer.from(clean(text)).toString('base64') } as T;
}
