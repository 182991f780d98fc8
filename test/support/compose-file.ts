import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

export const COMPOSE_FILE = join(import.meta.dirname, '../../docker-compose.temporal.yml');

export interface ComposeService {
  readonly image: string;
  readonly command?: readonly string[];
  readonly entrypoint?: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly container_name?: string;
  readonly ports?: readonly string[];
}

/** `${NAME}`, `${NAME:-default}` and `${NAME:?message}`, as Compose reads them. */
export function interpolate(text: string, env: Readonly<Record<string, string>>): string {
  return text.replace(/\$\{(\w+)(?::([-?])([^}]*))?\}/g, (_, name: string, kind?: string, rest?: string) => {
    const value = env[name];
    if (value !== undefined && value !== '') return value;
    if (kind === '?') throw new Error(`missing: ${name}`);
    return kind === '-' ? (rest ?? '') : '';
  });
}

/** The services of docker-compose.temporal.yml with the variables filled in. */
export function readCompose(env: Readonly<Record<string, string>>): Record<string, ComposeService> {
  const file = parse(interpolate(readFileSync(COMPOSE_FILE, 'utf8'), env), { merge: true }) as {
    services: Record<string, ComposeService>;
  };
  return file.services;
}
