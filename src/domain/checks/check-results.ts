import type { GateResult } from '../../contracts/gate.ts';
import { gate } from '../gates/build.ts';

/** Counts of a JUnit report. */
export interface TestCounts {
  readonly tests: number;
  readonly failures: number;
  readonly errors: number;
  readonly skipped: number;
}

/** Lines that the tests ran through; percent is 0..100. */
export interface Coverage {
  readonly covered: number;
  readonly lines: number;
  readonly percent: number;
}

/** Counts of a SARIF report. */
export interface Findings {
  readonly errors: number;
  readonly warnings: number;
  readonly notes: number;
  /** Accepted in the source, so they count for nothing. */
  readonly suppressed: number;
  readonly tools: readonly string[];
  /** The first errors, then warnings, one line each: rule, place, message. */
  readonly samples: readonly string[];
}

/** What a report says, or why it cannot be believed, in words that follow "the report". */
export type Reading<T> = { readonly value: T } | { readonly problem: string };

/** The reports that a check declares; undefined where it declares none of a kind. */
export interface CheckReports {
  readonly junit?: Reading<TestCounts> | undefined;
  readonly coverage?: Reading<Coverage> | undefined;
  readonly sarif?: Reading<Findings> | undefined;
}

/** How one check of a project went. */
export interface CheckOutcome {
  readonly name: string;
  readonly required: boolean;
  readonly exitCode: number | null;
  /** In words, e.g. "exit code 1". */
  readonly ended: string;
  readonly seconds: number;
  readonly reports: CheckReports;
  /** Percent of lines, 0..100, that must be covered. */
  readonly minCoverage?: number | undefined;
  /** Most errors and warnings of a SARIF report; warnings without a limit are allowed. */
  readonly maxErrors?: number | undefined;
  readonly maxWarnings?: number | undefined;
  readonly lastLines: readonly string[];
  readonly evidence: Record<string, unknown>;
}

/** One thing that a check is judged by. */
interface Finding {
  readonly observed: string;
  /** What is wrong; undefined when nothing is. */
  readonly wrong?: string | undefined;
  readonly good?: string | undefined;
  readonly n?: number;
}

const NAMES = { junit: 'JUnit', coverage: 'coverage', sarif: 'SARIF' } as const;

function judgeTests({ tests, failures, errors, skipped }: TestCounts): Finding {
  const bad = failures + errors;
  const ran = tests - skipped;
  return {
    observed: `${ran - bad} passed, ${bad} failed, ${skipped} skipped`,
    wrong:
      bad > 0 ? `${bad} of ${ran} tests failed` : ran <= 0 ? 'no test ran: that proves nothing' : undefined,
    good: `${ran} tests passed`,
    n: tests,
  };
}

function judgeCoverage({ covered, lines, percent }: Coverage, minimum: number | undefined): Finding {
  const low = minimum !== undefined && percent < minimum;
  return {
    observed: `coverage ${percent} %`,
    wrong:
      lines === 0
        ? 'no line was measured: that proves nothing'
        : low
          ? `${covered} of ${lines} lines are covered, ${percent} %; at least ${minimum} % must be`
          : undefined,
    good: `${percent} % of ${lines} lines covered`,
    n: lines,
  };
}

function judgeFindings(found: Findings, { maxErrors = 0, maxWarnings }: CheckOutcome): Finding {
  const { errors, warnings, suppressed, tools } = found;
  const over = [
    ...(errors > maxErrors ? [`${errors} errors; at most ${maxErrors} are allowed`] : []),
    ...(maxWarnings !== undefined && warnings > maxWarnings
      ? [`${warnings} warnings; at most ${maxWarnings} are allowed`]
      : []),
  ];
  return {
    observed: `${errors} errors, ${warnings} warnings${suppressed === 0 ? '' : `, ${suppressed} suppressed`}`,
    wrong: over.length === 0 ? undefined : `${tools.join(', ')} found ${over.join(', and ')}`,
    good: `${tools.join(', ')} found ${errors} errors`,
  };
}

function findingsOf(outcome: CheckOutcome): Finding[] {
  const { reports, minCoverage } = outcome;
  const judge = <T>(kind: keyof CheckReports, reading: Reading<T> | undefined, by: (value: T) => Finding) => {
    if (reading === undefined) return [];
    if ('value' in reading) return [by(reading.value)];
    return [{ observed: `no ${NAMES[kind]} report`, wrong: `the ${NAMES[kind]} report ${reading.problem}` }];
  };
  return [
    ...judge('junit', reports.junit, judgeTests),
    ...judge('coverage', reports.coverage, (value) => judgeCoverage(value, minCoverage)),
    ...judge('sarif', reports.sarif, (value) => judgeFindings(value, outcome)),
  ];
}

function thresholdOf({ reports, minCoverage, maxErrors = 0, maxWarnings }: CheckOutcome): string {
  return [
    'exit code 0',
    ...(minCoverage === undefined ? [] : [`coverage ≥ ${minCoverage} %`]),
    ...(reports.sarif === undefined ? [] : [`errors ≤ ${maxErrors}`]),
    ...(maxWarnings === undefined ? [] : [`warnings ≤ ${maxWarnings}`]),
  ].join(', ');
}

const valueOf = <T>(reading: Reading<T> | undefined): T | undefined =>
  reading !== undefined && 'value' in reading ? reading.value : undefined;

/**
 * The verdict on a check. One that ran nothing, or whose report cannot be read, fails; one that is
 * not required only warns.
 */
export function checkGate(outcome: CheckOutcome): GateResult {
  const { name, required, exitCode, ended, seconds, lastLines, evidence, reports } = outcome;
  const findings = findingsOf(outcome);
  const wrong = findings.flatMap((f) => f.wrong ?? []);
  const ok = exitCode === 0 && wrong.length === 0;
  const good = findings.flatMap((f) => f.good ?? []).join(', ');
  const bad = exitCode === 0 ? wrong : [...wrong, wrong.length === 0 ? `failed with ${ended}` : ended];
  const counts = {
    tests: valueOf(reports.junit),
    coverage: valueOf(reports.coverage),
    findings: valueOf(reports.sarif),
  };
  return gate(`check-${name}`, ok ? 'pass' : required ? 'fail' : 'warn', {
    observed: findings.length === 0 ? ended : findings.map((f) => f.observed).join('; '),
    threshold: thresholdOf(outcome),
    n: findings.find((f) => f.n !== undefined)?.n ?? null,
    evidence: {
      ...evidence,
      ...Object.fromEntries(Object.entries(counts).filter(([, value]) => value !== undefined)),
      seconds: Number(seconds.toFixed(2)),
      // A tool that writes its findings into a report says little in its log.
      ...(ok ? {} : { lastLines: [...lastLines, ...(counts.findings?.samples ?? [])].slice(-15) }),
    },
    reason: ok ? good || 'passed' : bad.join('; '),
  });
}
