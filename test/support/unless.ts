import { appendFileSync } from 'node:fs';
import { join } from 'node:path';

/** Notes why tests of this file skip; the run's summary tells it (see reporter.js). */
function note(reason: string): void {
  const run = process.env.WINDLASS_TEST_RUN;
  if (run === undefined) return;
  appendFileSync(
    join(run, 'skips.jsonl'),
    `${JSON.stringify({ file: expect.getState().testPath, reason })}\n`,
  );
}

/** `test`, or `test.skip` where something is missing; the reason comes into the run's summary. */
export function testUnless(missing: string | undefined): typeof test | typeof test.skip {
  if (missing === undefined) return test;
  note(missing);
  return test.skip;
}

/**
 * `describe`, or `describe.skip` where something is missing; the reason comes into the run's
 * summary.
 */
export function describeUnless(missing: string | undefined): typeof describe | typeof describe.skip {
  if (missing === undefined) return describe;
  note(missing);
  return describe.skip;
}
