import { existsSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { join, relative } from 'node:path';
import { addPhase, runTimes } from './run-times.ts';

const SLOWEST = 10;
const ROOT = join(import.meta.dirname, '../..');

const seconds = (value) => `${value.toFixed(1)} s`.padStart(8);

/** What the test files noted in the run's folder, one JSON object a line. */
function notes(name) {
  const file = join(process.env.WINDLASS_TEST_RUN ?? '', name);
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}

function slowestFiles(results) {
  const cpu = new Map(notes('cpu.jsonl').map((note) => [note.file, note.seconds]));
  return results
    .map(({ testFilePath: file, perfStats }) => ({ file, wall: perfStats.runtime / 1000 }))
    .toSorted((a, b) => b.wall - a.wall)
    .slice(0, SLOWEST)
    .map(({ file, wall }) => `${seconds(wall)} ${seconds(cpu.get(file) ?? 0)}  ${relative(ROOT, file)}`);
}

function skippedFiles(results) {
  const noted = notes('skips.jsonl');
  return results
    .filter((result) => result.numPendingTests > 0)
    .map(({ testFilePath: file, numPendingTests: count }) => {
      const reasons = new Set(noted.filter((note) => note.file === file).map((note) => note.reason));
      const why = reasons.size === 0 ? 'no reason given' : [...reasons].join('; ');
      return `${relative(ROOT, file)}: ${why} (${count} test${count === 1 ? '' : 's'})`;
    })
    .toSorted();
}

/**
 * Ends the output with the slowest files, each skipped file with its reason, where the time went,
 * and alone on the last line `N passed, N failed[, N skipped]`. A test file that could not run
 * counts as failed.
 */
export default class Summary {
  constructor(globalConfig) {
    this.chosen = (globalConfig.testNamePattern ?? '') !== ''; // by -t: all others count as skipped
  }

  onRunStart() {
    this.began = performance.now();
  }

  onRunComplete(_contexts, results) {
    addPhase('tests', this.began);
    const skipped = results.numPendingTests + results.numTodoTests;
    const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
    const line = `${results.numPassedTests} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
    const files = results.testResults;
    const text = ['', 'Slowest files (wall, CPU):', ...slowestFiles(files)];
    if (skipped > 0 && !this.chosen)
      text.push('', 'Skipped:', ...skippedFiles(files).map((file) => `  ${file}`));
    // After everything that jest itself prints, and after the teardown.
    process.once('exit', () => writeSync(1, [...text, '', runTimes(), line, ''].join('\n')));
    const file = process.env.WINDLASS_TEST_SUMMARY;
    if (file !== undefined && file !== '') writeFileSync(file, `${line}\n`);
  }
}
