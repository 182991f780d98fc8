import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { freePort } from '../../src/local-system/ports.ts';
import { waitFor } from '../../src/base/wait-for.ts';

export const AZURITE_ACCOUNT = 'windlasstest';

export interface Azurite {
  readonly connectionString: string;
  stop(): void;
}

function script(): string | undefined {
  try {
    const manifest = createRequire(import.meta.url).resolve('azurite/package.json');
    const path = join(dirname(manifest), 'dist/src/blob/main.js');
    return existsSync(path) ? path : undefined;
  } catch {
    return undefined;
  }
}

/** Why tests on Azure's storage skip, or nothing when its emulator is installed. */
export const noAzurite = script() === undefined ? 'azurite is not installed' : undefined;

/** Starts Microsoft's storage emulator on a free port, with an account of its own, in memory. */
export async function startAzurite(): Promise<Azurite> {
  const port = await freePort();
  const key = randomBytes(32).toString('base64');
  const folder = mkdtempSync(join(tmpdir(), 'windlass-azurite-'));
  const options = ['--silent', '--disableTelemetry', '--skipApiVersionCheck', '--inMemoryPersistence'];
  const child = spawn(
    process.execPath,
    [script() ?? '', ...options, '--blobHost', '127.0.0.1', '--blobPort', String(port)],
    { cwd: folder, env: { ...process.env, AZURITE_ACCOUNTS: `${AZURITE_ACCOUNT}:${key}` }, stdio: 'ignore' },
  );
  const answers = (): Promise<boolean> =>
    fetch(`http://127.0.0.1:${port}/`).then(
      () => true,
      () => false,
    );
  const stop = (): void => {
    child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  };
  if ((await waitFor(answers, { timeoutMs: 60_000, everyMs: 100 })) === undefined) {
    stop();
    throw new Error('Azurite did not start within a minute');
  }
  return {
    connectionString: `DefaultEndpointsProtocol=http;AccountName=${AZURITE_ACCOUNT};AccountKey=${key};BlobEndpoint=http://127.0.0.1:${port}/${AZURITE_ACCOUNT};`,
    stop,
  };
}
