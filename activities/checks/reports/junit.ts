import type { TestCounts } from '../../../src/domain/checks/check-results.ts';
import { ReportProblem } from './report-file.ts';
import { walkXml } from './xml.ts';

const OUTCOMES = ['failure', 'error', 'skipped'] as const;
type Outcome = (typeof OUTCOMES)[number];

const zero = { tests: 0, failures: 0, errors: 0, skipped: 0 };
type Counts = { -readonly [K in keyof TestCounts]: number };

function whole(text: string | undefined): number {
  if (text === undefined) return 0;
  if (!/^\d{1,9}$/.test(text)) throw new ReportProblem(`has the count "${text.slice(0, 20)}"`);
  return Number(text);
}

/**
 * Counts a JUnit report: its `testcase` elements, each by its worst outcome; where it has none,
 * what its outermost `testsuite` elements say. Throws ReportProblem.
 */
export async function readJunit(file: string): Promise<TestCounts> {
  const cases: Counts = { ...zero };
  const declared: Counts = { ...zero };
  let suites = 0;
  let outcome: Outcome | undefined;
  await walkXml(file, {
    open: (name, attributes, path) => {
      if (name === 'testsuite' && !path.includes('testsuite')) {
        suites += 1;
        for (const key of ['tests', 'failures', 'errors', 'skipped'] as const)
          declared[key] += whole(attributes[key]);
      }
      if (name === 'testcase') outcome = undefined;
      const found = OUTCOMES.find((o) => o === name);
      if (found !== undefined && path.at(-1) === 'testcase')
        outcome = OUTCOMES.find((o) => o === found || o === outcome);
    },
    close: (name) => {
      if (name !== 'testcase') return;
      cases.tests += 1;
      if (outcome === 'failure') cases.failures += 1;
      if (outcome === 'error') cases.errors += 1;
      if (outcome === 'skipped') cases.skipped += 1;
    },
  });
  if (suites === 0 && cases.tests === 0) throw new ReportProblem('has no test suite: it is no JUnit report');
  return cases.tests > 0 ? cases : declared;
}
