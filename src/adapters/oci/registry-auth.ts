import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';

const dockerConfigSchema = z.object({
  auths: z.record(z.string(), z.object({ auth: z.string().optional() })).default({}),
});

/**
 * `Basic …` of a registry from Docker's own configuration file (what `docker login` writes), or
 * undefined.
 */
export async function storedCredentials(host: string): Promise<string | undefined> {
  const folder = process.env['DOCKER_CONFIG'] ?? join(homedir(), '.docker');
  const text = await readFile(join(folder, 'config.json'), 'utf8').catch(() => '{}');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const parsed = dockerConfigSchema.safeParse(value);
  if (!parsed.success) return undefined;
  const auth = parsed.data.auths[host]?.auth ?? parsed.data.auths[`https://${host}`]?.auth;
  return auth === undefined || auth === '' ? undefined : `Basic ${auth}`;
}

interface BearerChallenge {
  readonly realm: string;
  readonly service?: string;
  readonly scope?: string;
}

/**
 * Reads `WWW-Authenticate: Bearer realm="…",service="…",scope="…"`; undefined for any other
 * challenge.
 */
export function parseChallenge(header: string): BearerChallenge | undefined {
  const rest = /^Bearer\s+(.*)$/i.exec(header.trim())?.[1];
  if (rest === undefined) return undefined;
  const fields = Object.fromEntries(
    [...rest.matchAll(/(\w+)="([^"]*)"/g)].map((m) => [m[1] ?? '', m[2] ?? '']),
  );
  const { realm, service, scope } = fields;
  return realm === undefined ? undefined : { realm, service, scope };
}

const tokenSchema = z.union([z.object({ token: z.string() }), z.object({ access_token: z.string() })]);

/**
 * Asks a registry's token server for the right that a challenge names; undefined when it gives
 * none.
 */
export async function fetchToken(
  challenge: BearerChallenge,
  credentials?: string,
): Promise<string | undefined> {
  const url = new URL(challenge.realm);
  if (challenge.service !== undefined) url.searchParams.set('service', challenge.service);
  if (challenge.scope !== undefined) url.searchParams.set('scope', challenge.scope);
  const response = await fetch(url, {
    headers: credentials === undefined ? {} : { authorization: credentials },
    signal: AbortSignal.timeout(15_000),
  });
  if (!response.ok) return undefined;
  const parsed = tokenSchema.safeParse(await response.json());
  if (!parsed.success) return undefined;
  return `Bearer ${'token' in parsed.data ? parsed.data.token : parsed.data.access_token}`;
}
