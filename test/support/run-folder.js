import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Each run of jest has a folder for the parts that its test files share; PREFIX + pid tells whose it is. */
const PREFIX = 'windlass-test-run-';

function alive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function clear(dir) {
  const { endLeftovers } = await import('../../src/local-system/process.ts');
  await endLeftovers(dir);
  rmSync(dir, { recursive: true, force: true });
}

/** Jest's globalSetup: makes the folder, and clears those of runs that were killed. */
export async function openRunFolder() {
  for (const name of readdirSync(tmpdir()).filter((n) => n.startsWith(PREFIX))) {
    const dir = join(tmpdir(), name);
    try {
      if (!alive(Number(readFileSync(join(dir, 'owner'), 'utf8')))) await clear(dir);
    } catch {
      // another run is just making it, or just clearing it
    }
  }
  const dir = mkdtempSync(join(tmpdir(), PREFIX));
  writeFileSync(join(dir, 'owner'), String(process.pid));
  process.env.WINDLASS_TEST_RUN = dir;
}

/** Jest's globalTeardown: ends the shared parts and removes the folder. */
export async function closeRunFolder() {
  const dir = process.env.WINDLASS_TEST_RUN;
  if (dir !== undefined) await clear(dir);
}
