import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { endLeftovers } from '../../src/local-system/process.ts';
import { cpuSeconds } from './cpu-time.ts';
import { addCpu } from './run-times.ts';

/**
 * Each run of jest has a folder for the parts that its test files share; PREFIX + pid tells whose
 * it is.
 */
const PREFIX = 'windlass-test-run-';

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/**
 * CPU seconds of the parts that are still running: their parents are gone, so nobody else counts
 * them.
 */
function cpuOfParts(dir: string): number {
  const folder = join(dir, 'run');
  if (!existsSync(folder)) return 0;
  const files = readdirSync(folder).filter((file) => file.endsWith('.json'));
  return files
    .map((file) => JSON.parse(readFileSync(join(folder, file), 'utf8')) as { pid: number })
    .map(({ pid }) => cpuSeconds(pid))
    .reduce((sum, seconds) => sum + seconds, 0);
}

async function clear(dir: string): Promise<void> {
  await endLeftovers(dir);
  rmSync(dir, { recursive: true, force: true });
}

/** Jest's globalSetup: makes the folder, and clears those of runs that were killed. */
export async function openRunFolder(): Promise<void> {
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
export async function closeRunFolder(): Promise<void> {
  const dir = process.env.WINDLASS_TEST_RUN;
  if (dir === undefined) return;
  addCpu(cpuOfParts(dir));
  await clear(dir);
}
