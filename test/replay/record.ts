import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { messageOf } from '../../src/base/error-message.ts';
import { closeRunFolder, openRunFolder } from '../support/run-folder.ts';
import { HISTORIES } from './histories.ts';
import { openBench } from './recording/bench.ts';
import { HistoryKeeper } from './recording/keep-history.ts';
import { GROUPS } from './recording/groups.ts';

/**
 * `npm run record-histories -- [GROUP…]`: runs the workflows of the groups (default: all) and
 * writes what Temporal recorded into `histories/`. A run of all removes files of older names.
 */
const names = parseArgs({ allowPositionals: true }).positionals;
const unknown = names.filter((name) => !(name in GROUPS));
if (unknown.length > 0)
  throw new Error(`no group ${unknown.join(', ')}; there are: ${Object.keys(GROUPS).join(', ')}`);

// Folders show in histories: the same neutral one on every machine.
process.env.TMPDIR = '/tmp/windlass-histories';
mkdirSync(process.env.TMPDIR, { recursive: true, mode: 0o755 });
mkdirSync(HISTORIES, { recursive: true });
const failed: string[] = [];
await openRunFolder();
try {
  const bench = await openBench();
  const keeper = new HistoryKeeper(bench.env.client);
  try {
    for (const [name, record] of Object.entries(GROUPS)) {
      if (names.length > 0 && !names.includes(name)) continue;
      const began = Date.now();
      console.log(`${name} …`);
      await record(bench, keeper).catch((error: unknown) => {
        failed.push(name);
        console.error(`${name} failed: ${failureText(error)}`);
      });
      console.log(`${name}: ${((Date.now() - began) / 1000).toFixed(0)} s`);
    }
  } finally {
    await bench.close();
  }
  const old = readdirSync(HISTORIES).filter((file) => !keeper.kept.includes(file.replace(/\.json$/, '')));
  if (names.length + failed.length === 0) for (const file of old) rmSync(join(HISTORIES, file));
} finally {
  await closeRunFolder();
}
if (failed.length > 0) {
  console.error(`not recorded: ${failed.join(', ')}`);
  process.exitCode = 1;
}

/** What happened, down to the cause that a workflow failed with. */
function failureText(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  return `${messageOf(error)}${cause === undefined ? '' : `: ${failureText(cause)}`}`;
}
