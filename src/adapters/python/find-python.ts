import { execFile } from 'node:child_process';
import { arch, platform } from 'node:os';
import { promisify } from 'node:util';
import { WindlassError } from '../../errors/windlass-error.ts';

const run = promisify(execFile);

const MIN_PYTHON = [3, 11] as const;
const PYTHON_CANDIDATES = ['python3', 'python3.13', 'python3.12', 'python3.11', 'python'] as const;

/** A Python that can make virtual environments. */
export interface PythonInstallation {
  readonly executable: string;
  /** e.g. "3.11.7" */
  readonly version: string;
  /** e.g. "linux-x64-glibc" */
  readonly platform: string;
}

const PROBE = `import json, sys, venv, ensurepip, platform
print(json.dumps({"executable": sys.executable, "version": platform.python_version(), "libc": platform.libc_ver()[0]}))`;

async function probe(command: string): Promise<PythonInstallation | string> {
  try {
    const { stdout } = await run(command, ['-I', '-c', PROBE], { timeout: 20_000 });
    const found = JSON.parse(stdout) as { executable: string; version: string; libc: string };
    const [major = 0, minor = 0] = found.version.split('.').map(Number);
    if (major !== MIN_PYTHON[0] || minor < MIN_PYTHON[1]) return `${command} is ${found.version}`;
    const libc = found.libc === '' ? '' : `-${found.libc}`;
    return {
      executable: found.executable,
      version: found.version,
      platform: `${platform()}-${arch()}${libc}`,
    };
  } catch (error) {
    const { code, stderr } = error as { code?: string | number; stderr?: string };
    if (code === 'ENOENT') return `${command} is not there`;
    return `${command}: ${(stderr ?? String(error)).trim().split('\n').at(-1) ?? 'failed'}`;
  }
}

/**
 * The first candidate that is Python 3.11 or newer with `venv` and `ensurepip`; throws
 * PYTHON_MISSING with what each one said.
 */
export async function findPython(
  candidates: readonly string[] = PYTHON_CANDIDATES,
): Promise<PythonInstallation> {
  const said: string[] = [];
  for (const command of candidates) {
    const found = await probe(command);
    if (typeof found !== 'string') return found;
    said.push(found);
  }
  throw new WindlassError(
    'PYTHON_MISSING',
    `No Python ${MIN_PYTHON.join('.')} or newer that can make virtual environments was found. ${said.join('; ')}.`,
    { details: { tried: said } },
  );
}
