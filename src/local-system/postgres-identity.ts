import { execFileSync } from 'node:child_process';
import { accessSync, constants, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { userInfo } from 'node:os';
import { WindlassError } from '../errors/windlass-error.ts';

/** PostgreSQL refuses to run as root; then it runs as the account `postgres`. */
export interface PostgresIdentity {
  readonly uid: number;
  readonly gid: number;
}

function fromPasswd(): PostgresIdentity | undefined {
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((l) => l.startsWith('postgres:'));
  const [, , uid, gid] = (line ?? '').split(':').map(Number);
  return uid === undefined || gid === undefined ? undefined : { uid, gid };
}

function fromId(): PostgresIdentity {
  const id = (flag: string): number =>
    Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8', stdio: 'pipe' }).trim());
  return { uid: id('-u'), gid: id('-g') };
}

function lookUp(): PostgresIdentity | undefined {
  try {
    return fromPasswd() ?? fromId(); // a directory service may know accounts that the file does not
  } catch {
    return undefined;
  }
}

/**
 * The account that PostgreSQL runs as: undefined (our own) unless we are root; the account is
 * created when missing.
 */
export function postgresIdentity(): PostgresIdentity | undefined {
  if (userInfo().uid !== 0) return undefined;
  const found = lookUp();
  if (found !== undefined) return found;
  try {
    execFileSync('groupadd', ['-f', 'postgres'], { stdio: 'pipe' });
    execFileSync('useradd', ['-g', 'postgres', '-M', '-s', '/usr/sbin/nologin', 'postgres'], {
      stdio: 'pipe',
    });
  } catch (error) {
    throw new WindlassError(
      'DATABASE_UNAVAILABLE',
      'PostgreSQL does not run as root, and no account could be made for it.',
      {
        hint: 'Run as an ordinary user, or create the account: useradd postgres. Or set DATABASE_URL.',
        cause: error,
      },
    );
  }
  const created = lookUp();
  if (created === undefined)
    throw new WindlassError('DATABASE_UNAVAILABLE', 'The account postgres was created but cannot be found.');
  return created;
}

function othersMayEnter(path: string): boolean {
  for (let dir = path; dir !== dirname(dir); dir = dirname(dir))
    if ((statSync(dir).mode & 0o001) === 0) return false;
  return true;
}

function setprivPath(): string | undefined {
  return ['/usr/bin', '/bin', '/usr/sbin']
    .map((dir) => join(dir, 'setpriv'))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

interface Launcher {
  readonly command: string;
  readonly prefix: readonly string[];
  readonly identity?: PostgresIdentity;
}

/**
 * How to run a PostgreSQL program that works in `folders`. Under root, in a place that others may
 * not enter (/root, say), it keeps the one capability to pass through closed folders; everywhere
 * else it runs with no privileges at all.
 */
export function launcherFor(
  program: string,
  folders: readonly string[],
  identity?: PostgresIdentity,
): Launcher {
  if (identity === undefined) return { command: program, prefix: [] };
  if ([dirname(program), ...folders].every(othersMayEnter)) return { command: program, prefix: [], identity };
  const setpriv = setprivPath();
  if (setpriv === undefined)
    throw new WindlassError(
      'DATABASE_UNAVAILABLE',
      'PostgreSQL does not run as root, and the account postgres may not enter this folder.',
      {
        hint: 'Run as an ordinary user, move the project to a folder that others may enter, or set DATABASE_URL.',
        details: { program, folders },
      },
    );
  const ids = [`--reuid=${identity.uid}`, `--regid=${identity.gid}`, '--clear-groups'];
  const capability = [
    '--inh-caps=+dac_override',
    '--ambient-caps=+dac_override',
    '--bounding-set=-all,+dac_override',
  ];
  return { command: setpriv, prefix: [...ids, ...capability, '--', program] };
}
