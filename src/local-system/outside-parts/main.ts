/**
 * Finds, fetches or builds what npm does not bring: node src/local-system/outside-parts/main.ts
 * [NAME …]; all of them without a name.
 */
import { PART_NAMES, prepareParts } from './prepare-parts.ts';

const names = process.argv.slice(2);
const unknown = names.filter((name) => !PART_NAMES.some((known) => known === name));
if (unknown.length > 0) {
  process.stderr.write(`No part is called ${unknown.join(', ')}; there are ${PART_NAMES.join(', ')}.\n`);
  process.exit(2);
}
const wanted = PART_NAMES.filter((name) => names.length === 0 || names.includes(name));
const prepared = await prepareParts(wanted, (message) => process.stderr.write(`${message}\n`));
for (const [name, part] of Object.entries(prepared))
  process.stdout.write(`${name}: ${'path' in part ? part.path : part.missing}\n`);
if (Object.values(prepared).some((part) => 'missing' in part)) process.exitCode = 1;
