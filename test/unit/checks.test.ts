import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readCoverage } from '../../activities/checks/reports/coverage.ts';
import { readJunit } from '../../activities/checks/reports/junit.ts';
import { readReport } from '../../activities/checks/reports/report-file.ts';
import { readSarif } from '../../activities/checks/reports/sarif.ts';
import { removeWritten } from '../../activities/shared/written-file.ts';
import { projectSchema } from '../../src/contracts/project/project.ts';
import { checkGate, type CheckOutcome } from '../../src/domain/checks/check-results.ts';
import { tempFolder } from '../support/temp-folder.ts';

const folder = tempFolder('reports');
afterAll(() => folder.remove());
let files = 0;
const at = (name: string) => ({ project: folder.path, name });
const file = (content: string) => {
  const name = `report-${(files += 1)}`;
  writeFileSync(join(folder.path, name), content);
  return at(name);
};
const problem = (text: RegExp) => ({ problem: expect.stringMatching(text) });

describe('JUnit', () => {
  const junit = (xml: string) => readReport(file(xml), readJunit);

  test('each test case counts once, by its worst outcome, however the suites are nested', async () => {
    const long = 'x'.repeat(200_000);
    const xml = `<?xml version="1.0"?><testsuites tests="99"><testsuite name="all" tests="99" failures="99">
      <testsuite name="inner" tests="4">
        <testcase name="a"/><testcase name="b"><failure message="${long}">${long}</failure><error/></testcase>
        <testcase name="c"><error/></testcase><testcase name="d"><skipped/></testcase>
      </testsuite></testsuite></testsuites>`;
    expect(await junit(xml)).toEqual({ value: { tests: 4, failures: 1, errors: 1, skipped: 1 } });
  });

  test('without test cases the outermost suites tell', async () => {
    const xml = `<testsuites><testsuite tests="10" errors="1" failures="2" skipped="3"><testsuite tests="10"/></testsuite>
      <testsuite tests="5"/></testsuites>`;
    expect(await junit(xml)).toEqual({ value: { tests: 15, failures: 2, errors: 1, skipped: 3 } });
  });

  test.each([
    ['HTML', '<html></html>', /no JUnit report/],
    ['nothing', '', /is empty/],
    ['white space', '  \n', /is empty/],
    ['text', 'all is well', /not well-formed/],
    ['cut off', '<testsuite tests="1"><testcase name="a">', /not well-formed/],
    ['a count that is none', '<testsuite tests="-1"/>', /the count "-1"/],
    ['a number too large', `<testsuite tests="${'9'.repeat(400)}"/>`, /the count "9{20}"/],
    ['an entity nobody knows', '<testsuite tests="1" name="&lol;"/>', /not well-formed.*entity/],
    [
      'a billion laughs',
      `<!DOCTYPE x [<!ENTITY a "lol">${'bcdefghij'
        .split('')
        .map((c, i) => `<!ENTITY ${c} "${`&${'abcdefghi'[i]};`.repeat(10)}">`)
        .join('')}]>
       <testsuite tests="1" name="&j;"/>`,
      /declares entities/,
    ],
    [
      'a file of this machine',
      '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><testsuite name="&a;"/>',
      /entities/,
    ],
    ['depth', `${'<testsuite>'.repeat(100_000)}`, /more than 200 deep/],
  ])('%s is told, not believed', async (_what, xml, words) => {
    expect(await junit(xml)).toEqual(problem(words));
  });

  test('a report that is absent, no file, or 200 MB is told without reading it', async () => {
    expect(await readReport(at('absent'), readJunit)).toEqual({ problem: 'was not written' });
    mkdirSync(join(folder.path, 'a-folder'));
    expect(await readReport(at('a-folder'), readJunit)).toEqual({ problem: 'is no file' });
    execFileSync('mkfifo', [join(folder.path, 'a-pipe')]);
    expect(await readReport(at('a-pipe'), readJunit)).toEqual({ problem: 'is no file' });
    const large = file('<testsuite/>');
    truncateSync(join(folder.path, large.name), 200 * 2 ** 20);
    expect(await readReport(large, readJunit)).toEqual(problem(/holds 200 MiB; at most 64 MiB/));
  });

  test('a report is neither read nor removed through a link that leads out of the project', async () => {
    const [project, machine] = ['a-project', 'a-machine'].map((name) => join(folder.path, name));
    if (project === undefined || machine === undefined) throw new Error('no folders');
    for (const path of [project, machine]) mkdirSync(path);
    const secret = join(machine, 'secret.xml');
    writeFileSync(secret, '<testsuite tests="1"/>');
    symlinkSync(secret, join(project, 'report.xml'));
    symlinkSync(machine, join(project, 'reports'));
    symlinkSync(join(folder.path, 'nowhere'), join(project, 'dangling.xml'));
    for (const name of ['report.xml', join('reports', 'secret.xml'), 'dangling.xml'])
      expect(await readReport({ project, name }, readJunit)).toEqual({ problem: 'is a link to elsewhere' });
    for (const name of ['report.xml', join('reports', 'secret.xml')]) await removeWritten(project, name);
    expect(existsSync(secret)).toBe(true);
    expect(readdirSync(project).sort()).toEqual(['dangling.xml', 'reports']);
  });
});

describe('coverage', () => {
  const coverage = (text: string) => readReport(file(text), readCoverage);
  const doctype = '<!DOCTYPE coverage SYSTEM "http://cobertura.sourceforge.net/xml/coverage-04.dtd">';

  test('is read from Cobertura, from its lines where its head is silent, and from coverage.json', async () => {
    expect(await coverage(`${doctype}<coverage line-rate="0.9" lines-covered="7" lines-valid="8"/>`)).toEqual(
      {
        value: { covered: 7, lines: 8, percent: 87.5 },
      },
    );
    const lines = `<coverage line-rate="0.5"><packages><class><methods><method><lines><line number="1" hits="1"/></lines>
      </method></methods><lines><line number="1" hits="1"/><line number="2" hits="0"/><line number="3" hits="4"/></lines></class></packages></coverage>`;
    expect(await coverage(lines)).toEqual({ value: { covered: 2, lines: 3, percent: 66.67 } });
    const json = {
      meta: {},
      files: {},
      totals: { covered_lines: 3, num_statements: 4, percent_covered: 75.1 },
    };
    expect(await coverage(`\uFEFF ${JSON.stringify(json)}`)).toEqual({
      value: { covered: 3, lines: 4, percent: 75 },
    });
  });

  test.each([
    ['<report/>', /begins with <report>/],
    ['<coverage lines-covered="9" lines-valid="8"/>', /says that 9 of 8/],
    ['<coverage lines-covered="many" lines-valid="8"/>', /says that NaN of 8/],
    ['{"totals": {}}', /no totals.covered_lines/],
    ['{"totals": ', /is not JSON/],
    ['', /is empty/],
  ])('%s is told, not believed', async (text, words) => {
    expect(await coverage(text)).toEqual(problem(words));
  });
});

describe('SARIF', () => {
  const sarif = (value: unknown) =>
    readReport(file(JSON.stringify(value)), (path) => readSarif(path, '/work/project'));
  const run = (results: unknown, more: object = {}) => ({
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'lint',
            rules: [
              { id: 'E1', defaultConfiguration: { level: 'error' } },
              { id: 'N1', defaultConfiguration: { level: 'note' } },
            ],
          },
        },
        results,
        ...more,
      },
    ],
  });

  test('results count by their level, else by their rule, else as warnings; accepted ones are suppressed', async () => {
    const results = [
      { level: 'error' },
      {
        ruleId: 'E1',
        message: { text: 'a name that\n nobody uses' },
        locations: [
          {
            physicalLocation: {
              artifactLocation: { uri: 'file:///work/project/src/train.py' },
              region: { startLine: 3 },
            },
          },
        ],
      },
      { ruleIndex: 1 },
      { rule: { index: 0 } },
      { ruleId: 'unknown' },
      { level: 'none' },
      { kind: 'pass', level: 'error' },
      { level: 'error', suppressions: [{ kind: 'inSource' }] },
      { level: 'error', suppressions: [{ kind: 'external', status: 'rejected' }] },
    ];
    expect(await sarif(run(results))).toEqual({
      value: {
        errors: 4,
        warnings: 1,
        notes: 1,
        suppressed: 1,
        tools: ['lint'],
        samples: ['', 'E1 src/train.py:3: a name that nobody uses', '', '', 'unknown'],
      },
    });
  });

  test.each([
    ['no runs', { version: '2.1.0', runs: [] }, /no run of a tool/],
    ['no results', run(undefined), /it did not look/],
    [
      'a tool that broke off',
      run([], { invocations: [{ executionSuccessful: false }] }),
      /lint did not finish/,
    ],
    ['another JSON', { hello: 1 }, /no SARIF: version/],
    ['a list', [], /no SARIF/],
  ])('%s proves nothing', async (_what, value, words) => {
    expect(await sarif(value)).toEqual(problem(words));
  });
});

describe('the verdict', () => {
  const outcome = (over: Partial<CheckOutcome>): CheckOutcome => ({
    name: 'tests',
    required: true,
    exitCode: 0,
    ended: 'exit code 0',
    seconds: 1,
    reports: {},
    lastLines: ['a line'],
    evidence: { command: 'make' },
    ...over,
  });
  const junit = (tests: number, failures = 0, skipped = 0): Partial<CheckOutcome> => ({
    reports: { junit: { value: { tests, failures, errors: 0, skipped } } },
  });
  const covered = (n: number, lines: number, minCoverage?: number): Partial<CheckOutcome> => ({
    reports: { coverage: { value: { covered: n, lines, percent: lines === 0 ? 0 : (100 * n) / lines } } },
    minCoverage,
  });
  const found = (
    errors: number,
    warnings: number,
    limits: Partial<CheckOutcome> = {},
  ): Partial<CheckOutcome> => ({
    reports: {
      sarif: {
        value: { errors, warnings, notes: 0, suppressed: 0, tools: ['lint'], samples: ['E1 a.py:1: bad'] },
      },
    },
    ...limits,
  });
  const failing = { exitCode: 1, ended: 'exit code 1' };

  test.each<[string, Partial<CheckOutcome>, string, RegExp]>([
    ['passes on exit code 0', {}, 'pass', /^passed$/],
    ['passes with tests', junit(3), 'pass', /^3 tests passed$/],
    ['fails on another exit code', failing, 'fail', /^failed with exit code 1$/],
    ['fails when nothing ran', junit(0), 'fail', /no test ran/],
    ['fails when all were skipped', junit(4, 0, 4), 'fail', /no test ran/],
    ['fails on failures, whatever the exit code', junit(4, 1), 'fail', /^1 of 4 tests failed$/],
    [
      'fails on failures and says how it ended',
      { ...junit(4, 1), ...failing },
      'fail',
      /1 of 4 tests failed; exit code 1/,
    ],
    [
      'fails on the exit code, though all tests passed',
      { ...junit(4), ...failing },
      'fail',
      /failed with exit code 1/,
    ],
    [
      'fails without its report',
      { reports: { junit: { problem: 'was not written' } } },
      'fail',
      /^the JUnit report was not written$/,
    ],
    [
      'fails with a broken report',
      { reports: { sarif: { problem: 'is not JSON' } } },
      'fail',
      /^the SARIF report is not JSON$/,
    ],
    ['passes on enough coverage', covered(8, 10, 80), 'pass', /^80 % of 10 lines covered$/],
    ['passes on any coverage without a minimum', covered(0, 10), 'pass', /^0 % of 10 lines/],
    [
      'fails on too little coverage',
      covered(7, 10, 80),
      'fail',
      /7 of 10 lines are covered, 70 %; at least 80 %/,
    ],
    ['fails when no line was measured', covered(0, 0), 'fail', /no line was measured/],
    ['passes with warnings', found(0, 9), 'pass', /^lint found 0 errors$/],
    ['fails on errors', found(2, 0), 'fail', /^lint found 2 errors; at most 0/],
    ['passes on as many errors as are allowed', found(2, 0, { maxErrors: 2 }), 'pass', /2 errors/],
    ['fails on too many warnings', found(0, 3, { maxWarnings: 2 }), 'fail', /3 warnings; at most 2/],
    ['only warns when it is not required', { ...failing, required: false }, 'warn', /exit code 1/],
    [
      'only warns when nothing ran and it is not required',
      { ...junit(0), required: false },
      'warn',
      /no test ran/,
    ],
  ])('%s', (_what, over, status, reason) => {
    const gate = checkGate(outcome(over));
    expect(gate).toMatchObject({ name: 'check-tests', status, reason: expect.stringMatching(reason) });
    const told = over.reports?.sarif !== undefined && 'value' in over.reports.sarif ? ['E1 a.py:1: bad'] : [];
    expect(gate.evidence?.lastLines).toEqual(status === 'pass' ? undefined : ['a line', ...told]);
  });

  test('carries the counts and the limits', () => {
    const gate = checkGate(
      outcome({
        reports: { ...junit(3).reports, ...covered(9, 10).reports, ...found(0, 1).reports },
        minCoverage: 80,
        maxWarnings: 5,
      }),
    );
    expect(gate).toMatchObject({
      observed: '3 passed, 0 failed, 0 skipped; coverage 90 %; 0 errors, 1 warnings',
      threshold: 'exit code 0, coverage ≥ 80 %, errors ≤ 0, warnings ≤ 5',
      n: 3,
      evidence: {
        tests: { tests: 3, failures: 0, errors: 0, skipped: 0 },
        coverage: { covered: 9, lines: 10, percent: 90 },
        findings: { errors: 0, warnings: 1, notes: 0, suppressed: 0, tools: ['lint'] },
      },
    });
  });
});

describe('checks of windlass.yaml', () => {
  const checks = projectSchema.shape.checks;
  const check = { name: 'tests', run: 'make' };
  test.each([
    [[check, check], /two checks have one name/],
    [[{ ...check, minCoverage: 80 }], /needs `coverage`/],
    [[{ ...check, coverage: 'c.xml', minCoverage: 101 }], /100/],
    [[{ ...check, maxErrors: 1 }], /need the report/],
    [[{ ...check, sarif: '../elsewhere.sarif' }], /inside the project/],
    [[{ ...check, junit: './' }], /inside the project/],
    [[], /at least one check/],
  ])('%j is refused', (value, words) => {
    expect(checks.safeParse(value).error?.message).toMatch(words);
  });
});
