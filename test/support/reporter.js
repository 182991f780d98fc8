import { writeFileSync, writeSync } from 'node:fs';

/** Prints `N passed, N failed[, N skipped]` alone on the last line; a test file that could not run counts as failed. */
export default class SummaryLine {
  onRunComplete(_contexts, results) {
    const skipped = results.numPendingTests + results.numTodoTests;
    const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
    const line = `${results.numPassedTests} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
    process.once('exit', () => writeSync(1, `\n${line}\n`)); // after everything that jest itself prints
    const file = process.env.WINDLASS_TEST_SUMMARY;
    if (file !== undefined && file !== '') writeFileSync(file, `${line}\n`);
  }
}
