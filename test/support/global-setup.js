import { openRunFolder } from './run-folder.ts';
import { phase } from './run-times.ts';

/**
 * A run of every file gets the parts ready first; a run of chosen files leaves that to the files
 * (see outside-parts.ts).
 */
async function prepareAll() {
  const { PART_NAMES, prepareParts } = await import('../../src/local-system/outside-parts/prepare-parts.ts');
  const report = (message) => process.stderr.write(`${message}\n`);
  process.env.WINDLASS_TEST_PARTS = JSON.stringify(await prepareParts(PART_NAMES, report));
}

export default async function setUp(globalConfig) {
  if (globalConfig.nonFlagArgs.length === 0) await phase('parts', prepareAll);
  await phase('set-up', openRunFolder);
}
