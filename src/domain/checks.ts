import type { GateResult } from '../contracts/gate.ts';

/** Counts of a JUnit report. */
export interface TestCounts {
  readonly tests: number;
  readonly failures: number;
  readonly errors: number;
  readonly skipped: number;
}

/** Sums the `testsuite` elements of a JUnit XML report; undefined when there is none. */
export function junitCounts(xml: string): TestCounts | undefined {
  const suites = [...xml.matchAll(/<testsuite\b([^>]*)>/g)].map((m) => m[1] ?? '');
  if (suites.length === 0) return undefined;
  const sum = (name: string): number =>
    suites.reduce((total, attributes) => {
      const value = new RegExp(`\\b${name}="(\\d+)"`).exec(attributes)?.[1];
      return total + Number(value ?? 0);
    }, 0);
  return { tests: sum('tests'), failures: sum('failures'), errors: sum('errors'), skipped: sum('skipped') };
}

/** How one check of a project went. */
export interface CheckOutcome {
  readonly name: string;
  readonly required: boolean;
  readonly exitCode: number | null;
  /** In words, e.g. "exit code 1". */
  readonly ended: string;
  readonly seconds: number;
  /** Null when the check has no report; "absent" when its report was not written. */
  readonly counts: TestCounts | 'absent' | null;
  readonly lastLines: readonly string[];
  readonly evidence: Record<string, unknown>;
}

function judge({ counts, exitCode, ended }: CheckOutcome): { ok: boolean; observed: string; reason: string } {
  if (counts === 'absent')
    return { ok: false, observed: ended, reason: `${ended}, and the JUnit report was not written` };
  if (counts === null)
    return {
      ok: exitCode === 0,
      observed: ended,
      reason: exitCode === 0 ? 'passed' : `failed with ${ended}`,
    };
  const bad = counts.failures + counts.errors;
  const ran = counts.tests - counts.skipped;
  const observed = `${ran - bad} passed, ${bad} failed, ${counts.skipped} skipped`;
  if (bad > 0 || exitCode !== 0)
    return { ok: false, observed, reason: `${bad} of ${ran} tests failed (${ended})` };
  if (ran <= 0) return { ok: false, observed, reason: 'no test ran: that proves nothing' };
  return { ok: true, observed, reason: `${ran} tests passed` };
}

/** The verdict on a check. A check that ran nothing fails; one that is not required only warns. */
export function checkGate(outcome: CheckOutcome): GateResult {
  const { ok, observed, reason } = judge(outcome);
  const { counts, evidence, name, required, seconds, lastLines } = outcome;
  return {
    name: `check-${name}`,
    status: ok ? 'pass' : required ? 'fail' : 'warn',
    observed,
    threshold: 'exit code 0',
    n: counts === null || counts === 'absent' ? null : counts.tests,
    evidence: {
      ...evidence,
      seconds: Number(seconds.toFixed(2)),
      ...(ok ? {} : { lastLines: lastLines.slice(-15) }),
    },
    reason,
  };
}
