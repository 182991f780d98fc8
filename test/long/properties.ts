import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROJECT_ROOT } from '../support/shared-layers.ts';
import type { LongEntry } from './entry.ts';
import { runProgram } from './run-program.ts';

const UNIT = join(PROJECT_ROOT, 'test/unit');
/** What jest needs around the properties themselves. */
const START_SECONDS = 4;

/** Every property test of test/unit, each property for its share of the time. */
export const properties: LongEntry = {
  name: 'properties',
  summary: 'every property of test/unit with as many cases as the time allows',
  leastSeconds: 6,
  run: async ({ seed, seconds, log }) => {
    const files = readdirSync(UNIT)
      .map((file) => ({ file, text: readFileSync(join(UNIT, file), 'utf8') }))
      .filter(({ text }) => text.includes('support/properties.ts'));
    const count = files.reduce((sum, { text }) => sum + text.split('fc.assert(').length - 1, 0);
    const milliseconds = Math.max(50, ((seconds - START_SECONDS) * 1000) / count);
    log(`${count} properties in ${files.length} files, ${Math.round(milliseconds)} ms each`);
    await runProgram(
      [
        ...['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'],
        ...['node_modules/jest/bin/jest.js', '--runInBand', '--silent', '--reporters=default'],
        ...[`--testTimeout=${Math.round(milliseconds * 20 + 30_000)}`],
        ...files.map(({ file }) => `test/unit/${file}`),
      ],
      {
        log,
        env: {
          WINDLASS_PROPERTY_SEED: String(seed),
          WINDLASS_PROPERTY_MS: String(Math.round(milliseconds)),
        },
      },
    );
  },
};
