import { execFile } from 'node:child_process';
import { linkSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { judgeModel, judgeStructure } from '../../src/application/judge-model.ts';
import { createOnnxModelRuntime } from '../../src/adapters/onnx/onnx-model-runtime.ts';
import { modelVerdict } from '../../src/cli/commands/check/check-model.ts';
import { judgeFile } from '../../src/cli/commands/check/judge-file.ts';
import { ERRORS } from '../../src/errors/table.ts';
import type { GateResult } from '../../src/contracts/gate.ts';
import type { ProjectSpec } from '../../src/contracts/project/project.ts';
import { modelExpectation } from '../../src/domain/model-gates/model-expectation.ts';
import type { ModelRuntime } from '../../src/ports/model-runtime.ts';
import { hostileModels, INPUTS, scoring, variant } from '../support/hostile-models.ts';
import { RUNTIME_BOMBS } from '../support/model-bombs.ts';
import { constant, node, tensorInfo } from '../support/onnx-encode.ts';
import { projectSpec } from '../support/registry-fixtures.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { tinyGolden, tinyModelBytes } from '../support/tiny-model.ts';

const spec = projectSpec({ gates: { maxLatencyP99Ms: 500 } });
const measureOf = (own: ProjectSpec) => ({ spec: own, expect: modelExpectation(own) });
const measure = measureOf(spec);
const PATIENCE = 60_000;
const FEW_ROWS = JSON.stringify(tinyGolden({ goldenRows: 50 }));

let folder: ReturnType<typeof tempFolder>;
beforeAll(() => {
  folder = tempFolder('hostile');
});
afterAll(() => folder.remove());

const blocked = (gates: readonly GateResult[]): string[] =>
  gates.filter((g) => g.status !== 'pass').map((g) => `${g.name} ${g.status}`);
const reasonOf = (gates: readonly GateResult[], name: string): string =>
  gates.find((g) => g.name === name)?.reason ?? 'no such gate';

describe('refused for what the file says, before any runtime sees it', () => {
  const cases = [
    ...hostileModels(),
    {
      name: 'a sequence of maps as output (ZipMap)',
      gate: 'onnx-plain-tensors',
      reason: /"zipmap": False/,
      model: readFileSync(join(import.meta.dirname, '../fixtures/onnx/zipmap.onnx')),
    },
  ];
  let answers: Awaited<ReturnType<ModelRuntime['inspect']>> = [];

  beforeAll(async () => {
    // One process reads them all: none of them may end it or keep it.
    const files = cases.map(({ model }, i) => {
      const path = join(folder.path, `${i}.onnx`);
      writeFileSync(path, model);
      return path;
    });
    answers = await createOnnxModelRuntime({ timeoutMs: 30_000, memoryMb: 2048 }).inspect(files, {
      maxBytes: 20e6,
    });
  }, PATIENCE);

  test.each(cases.map((c, i) => [c.name, c, i] as const))('%s', (_name, { gate, reason }, i) => {
    const answer = answers[i];
    if (answer === undefined) throw new Error('no answer');
    const gates = judgeStructure(answer, measure);
    expect(blocked(gates)).toContain(`${gate} fail`);
    expect(reasonOf(gates, gate)).toMatch(reason);
  });

  test('a sound model is among the same tests accepted', () => {
    const path = join(folder.path, 'sound.onnx');
    writeFileSync(path, tinyModelBytes());
    return createOnnxModelRuntime()
      .inspect([path], { maxBytes: 20e6 })
      .then(([structure]) => expect(blocked(judgeStructure(structure!, measure))).toEqual([]));
  });
});

describe('refused for what it does, in a process that can be ended', () => {
  interface Given {
    readonly model: Buffer;
    readonly gates?: Record<string, unknown>;
    readonly timeoutMs?: number;
    readonly memoryMb?: number;
  }

  async function judge({ model, gates, ...limits }: Given): Promise<readonly GateResult[]> {
    const files = { model: join(folder.path, 'model.onnx'), golden: join(folder.path, 'golden.json') };
    writeFileSync(files.model, model);
    writeFileSync(files.golden, FEW_ROWS);
    const own = projectSpec({ gates: { maxLatencyP99Ms: 500, ...gates } });
    const runtime = createOnnxModelRuntime(limits);
    return (await judgeModel(runtime, { ...files, folds: new Map() }, measureOf(own))).gates;
  }

  test(
    'ten gigabytes of zeros: the allocation fails, the machine does not',
    async () => {
      const gates = await judge({ model: RUNTIME_BOMBS.memory, memoryMb: 2048 });
      expect(blocked(gates)).toEqual(['onnx-loads fail']);
      expect(reasonOf(gates, 'onnx-loads')).toMatch(/allocate memory/);
    },
    PATIENCE,
  );

  test.each<[string, Given]>([
    ['a model that computes for ever while it is opened', { model: RUNTIME_BOMBS.loading }],
    ['a loop of 10¹² rounds', { model: RUNTIME_BOMBS.loop, gates: { controlFlow: true } }],
  ])(
    '%s is ended',
    async (_what, given) => {
      const gates = await judge({ ...given, timeoutMs: 3_000 });
      expect(blocked(gates)).toEqual(['onnx-loads fail']);
      expect(reasonOf(gates, 'onnx-loads')).toMatch(/longer than allowed/);
    },
    PATIENCE,
  );

  test(
    'scores that are drawn at random',
    async () => {
      const nodes = [
        node('RandomUniformLike', ['level'], 'luck'),
        node('Add', ['level', 'luck'], 'lucky'),
        node('Sigmoid', ['lucky'], 'probability'),
      ];
      const gates = await judge({ model: scoring(nodes) });
      expect(blocked(gates)).toEqual(expect.arrayContaining(['repeatable fail', 'golden-parity fail']));
    },
    PATIENCE,
  );

  test(
    'NaN that comes out as a healthy score is said',
    async () => {
      const nodes = [
        node('IsNaN', ['level'], 'broken'),
        node('Sub', ['baseline_mean', 'baseline_mean'], 'zeros'),
        node('ReduceMean', ['zeros'], 'zero', { axes: [1], keepdims: 0 }),
        node('Where', ['broken', 'zero', 'level'], 'patched'),
        node('Sub', ['patched', 'one'], 'shifted'),
        node('Sigmoid', ['shifted'], 'probability'),
      ];
      const gates = await judge({ model: scoring(nodes, { constants: [constant('one', [], [1])] }) });
      expect(blocked(gates)).toContain('invalid-input warn');
      expect(reasonOf(gates, 'invalid-input')).toMatch(
        /16 rows with NaN or infinity look healthy.*NaN: 8 healthy/,
      );
    },
    PATIENCE,
  );
});

describe('windlass check model', () => {
  const judge = (model: string, golden?: string): Promise<GateResult[]> =>
    judgeFile(createOnnxModelRuntime({ timeoutMs: PATIENCE }), { model, golden }, {});
  const place = (name: string, content: Buffer | string): string => {
    writeFileSync(join(folder.path, name), content);
    return join(folder.path, name);
  };

  test('a link, and a file with a second name, are not followed', async () => {
    const file = place('real.onnx', tinyModelBytes());
    const [symbolic, hard] = [join(folder.path, 'symbolic.onnx'), join(folder.path, 'hard.onnx')];
    symlinkSync(file, symbolic);
    expect(blocked(await judge(symbolic))).toEqual(['plain-file fail']);
    linkSync(file, hard);
    const gates = await judge(hard);
    expect(blocked(gates)).toEqual(['plain-file fail']);
    expect(reasonOf(gates, 'plain-file')).toContain('2 names');
  });

  test('a file that is not there is an error of the caller, not a verdict', async () => {
    await expect(judge(join(folder.path, 'nowhere.onnx'))).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(judge(folder.path)).rejects.toMatchObject({ code: 'INPUT_INVALID' });
    await expect(judge(place('a.onnx', 'x'), join(folder.path, 'no.json'))).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
  });

  test('a model that no device can serve is told what stands in the way, without a project', async () => {
    const gates = await judge(
      place('odd.onnx', variant({ inputs: [tensorInfo('window', [1, 'T', 8], 11), ...INPUTS.slice(1)] })),
    );
    expect(blocked(gates)).toEqual(['onnx-signature fail']);
    expect(reasonOf(gates, 'onnx-signature')).toContain('window is float64 [1, T, 8]');
  });

  test(
    'without a project and golden rows a sound model gets a warning, with too few a failure',
    async () => {
      const file = place('sound.onnx', tinyModelBytes());
      const without = await judge(file);
      expect(blocked(without)).toEqual([
        'golden-rows insufficient',
        'golden-parity insufficient',
        'label-flips insufficient',
      ]);
      expect(modelVerdict(without, false)).toBe('warn');
      const few = await judge(file, place('few.json', FEW_ROWS));
      expect(blocked(few)).toEqual(['golden-rows insufficient']);
      expect(modelVerdict(few, true)).toBe('fail');
    },
    PATIENCE,
  );

  test(
    'prints one JSON object, and ends with the exit code of the error table',
    async () => {
      const file = place('half.onnx', tinyModelBytes().subarray(0, 300));
      const main = join(import.meta.dirname, '../../src/cli/main.ts');
      const { code, stdout } = await promisify(execFile)(process.execPath, [
        main,
        ...['check', 'model', file, '--json'],
      ]).then(
        (out) => ({ code: 0, ...out }),
        (error: { code: number; stdout: string }) => error,
      );
      expect(code).toBe(ERRORS.GATE_FAILED.exit);
      expect(JSON.parse(stdout)).toMatchObject({
        verdict: 'fail',
        gates: [
          { name: 'plain-file', status: 'pass' },
          { name: 'onnx-file', status: 'fail', reason: expect.stringContaining('not a complete ONNX model') },
        ],
      });
    },
    PATIENCE,
  );
});
