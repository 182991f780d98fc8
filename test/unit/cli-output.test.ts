import { Writable } from 'node:stream';
import { fail, toWindlassError } from '../../src/cli/shared/fail.ts';
import { Output, table } from '../../src/cli/shared/output.ts';
import { heartbeatText, StepView } from '../../src/cli/shared/step-view.ts';
import { asCalled, programName } from '../../src/cli/program-name.ts';
import type { PipelineProgress, StepStatus } from '../../src/contracts/progress.ts';
import { WindlassError } from '../../src/errors/windlass-error.ts';

class Sink extends Writable {
  text = '';
  readonly isTTY: boolean;
  constructor(isTTY = false) {
    super();
    this.isTTY = isTTY;
  }
  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}

function sinks(options: { json?: boolean; quiet?: boolean; terminal?: boolean } = {}) {
  const stdout = new Sink();
  const stderr = new Sink(options.terminal);
  const output = new Output({
    json: options.json ?? false,
    quiet: options.quiet ?? false,
    stdout,
    stderr,
    color: false,
  });
  return { stdout, stderr, output };
}

describe('output', () => {
  test('with --json stdout carries one object and nothing else', () => {
    const { stdout, stderr, output } = sinks({ json: true });
    output.note('working');
    output.status('10 %');
    output.result({ a: 1 }, () => 'text');
    expect(JSON.parse(stdout.text)).toEqual({ a: 1 });
    expect(stderr.text).toBe('working\n10 %\n');
  });

  test('without a terminal a status that only counts is not repeated at once', () => {
    const { stderr, output } = sinks();
    for (const percent of [1, 2, 3]) output.status(`train ${percent} %`);
    output.status('evaluate');
    expect(stderr.text).toBe('train 1 %\nevaluate\n');
  });

  test('on a terminal the status is one line that is taken away', () => {
    const { stderr, output } = sinks({ terminal: true });
    output.status('train 1 %');
    output.note('a line that stays');
    output.clearStatus();
    expect(stderr.text).toContain('train 1 %');
    expect(stderr.text).toContain('a line that stays\n');
    expect(stderr.text.endsWith('\r\u001b[2K')).toBe(true);
  });

  test('--quiet keeps errors', () => {
    const { stderr, output } = sinks({ quiet: true });
    output.note('n');
    output.status('s');
    output.error('e');
    expect(stderr.text).toBe('e\n');
  });

  test('resultLine is one line for programs', () => {
    const { stdout, output } = sinks({ json: true });
    output.resultLine({ api: 'x', hub: { y: 1 } }, () => 'text');
    expect(stdout.text).toBe('{"api":"x","hub":{"y":1}}\n');
  });

  test('people read command lines that they can type, programs what was written', () => {
    const hint = 'Start it with `windlass up`; windlass.yaml stays.';
    const people = sinks();
    people.output.result({ hint }, () => hint);
    people.output.note(hint);
    const typed = 'Start it with `./windlass up`; windlass.yaml stays.\n';
    expect([people.stdout.text, people.stderr.text]).toEqual([typed, typed]);
    const programs = sinks({ json: true });
    programs.output.result({ hint }, () => hint);
    expect(JSON.parse(programs.stdout.text)).toEqual({ hint });
    expect(asCalled('  $ X=1 windlass up\n  $ windlass down')).toBe(
      '  $ X=1 ./windlass up\n  $ ./windlass down',
    );
  });

  test.each([
    [undefined, './windlass'],
    ['windlass', 'windlass'],
    ['npx windlass', 'npx windlass'],
    ['/a b/windlass', "'/a b/windlass'"],
  ])('called as %s, the program is %s', (WINDLASS_CALLED_AS, name) => {
    expect(programName({ WINDLASS_CALLED_AS })).toBe(name);
  });

  test('tables are aligned', () => {
    expect(
      table(
        ['A', 'LONG'],
        [
          ['wide cell', 'x'],
          ['y', ''],
        ],
      ),
    ).toBe(['A          LONG', '─────────  ────', 'wide cell  x', 'y'].join('\n'));
  });
});

describe('failing', () => {
  const error = new WindlassError('CONFIG_INVALID', 'two things are wrong', {
    details: {
      problems: [
        { field: 'a', problem: 'bad', origin: 'flag a' },
        { field: 'b', problem: 'worse' },
      ],
    },
  });

  test('people read code, message, each field and the hint', () => {
    const { stdout, stderr, output } = sinks();
    expect(fail(error, output)).toBe(3);
    expect(stdout.text).toBe('');
    expect(stderr.text).toMatch(
      /^CONFIG_INVALID: two things are wrong\n {2}a: bad {2}\(flag a\)\n {2}b: worse\nHint: /,
    );
  });

  test('programs read one object on stdout', () => {
    const { stdout, output } = sinks({ json: true });
    expect(fail(error, output)).toBe(3);
    expect(JSON.parse(stdout.text)).toEqual({
      error: { code: 'CONFIG_INVALID', message: error.message, hint: error.hint, details: error.details },
    });
  });

  test('what nobody foresaw is INTERNAL and keeps its stack', () => {
    const { stderr, output } = sinks();
    expect(fail(new TypeError('x is not a function'), output)).toBe(70);
    expect(stderr.text).toContain('cli-output.test.ts');
    expect(toWindlassError('text').message).toBe('text');
  });
});

describe('steps of a workflow', () => {
  const progress = (...steps: [string, StepStatus, string][]): PipelineProgress => ({
    stage: 'x',
    gates: [],
    steps: steps.map(([name, status, message]) => ({
      name,
      status,
      message,
      seconds: status === 'waiting' ? null : 1,
    })),
  });

  test('each is told once when it ends; the running one is the status', () => {
    const { stderr, output } = sinks();
    const view = new StepView(output);
    view.update(progress(['checkout', 'running', ''], ['train', 'waiting', '']), []);
    view.update(progress(['checkout', 'cached', 'same commit'], ['train', 'running', '']), [
      { activity: 'train', attempt: 1, text: '40 % fold 2' },
    ]);
    view.update(progress(['checkout', 'cached', 'same commit'], ['train', 'failed', 'exit 3']), []);
    expect(stderr.text.split('\n')).toEqual([
      'checkout',
      expect.stringMatching(/^≡ checkout +1\.0 s {2}reused; same commit$/),
      'train · 40 % fold 2',
      expect.stringMatching(/^✗ train +1\.0 s {2}exit 3$/),
      '',
    ]);
  });

  test('a repeated attempt says once why', () => {
    const { stderr, output } = sinks();
    const view = new StepView(output);
    const beat = { activity: 'offer', attempt: 2, text: '', failure: 'the hub asked to slow down' };
    for (let i = 0; i < 3; i += 1) view.update(progress(['canary', 'running', '']), [beat]);
    expect(stderr.text.match(/slow down/g)).toHaveLength(1);
  });

  test.each([
    [{ progress: 0.425, message: 'fold 2' }, '43 % fold 2'],
    ['copying', 'copying'],
    [{ cursor: 'abc' }, ''],
    [undefined, ''],
  ])('heartbeat %j reads %j', (details, text) => {
    expect(heartbeatText(details)).toBe(text);
  });
});
