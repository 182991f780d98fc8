import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { judgeModel, judgeStructure } from '../../activities/model-gates/judge-model.ts';
import { createOnnxModelRuntime } from '../../src/adapters/onnx/onnx-model-runtime.ts';
import type { GateResult } from '../../src/contracts/gate.ts';
import type { ModelStructure } from '../../src/ports/model-runtime.ts';
import { hostileModels, scoring } from '../support/hostile-models.ts';
import { RUNTIME_BOMBS } from '../support/model-bombs.ts';
import { constant, node } from '../support/onnx-encode.ts';
import { projectSpec } from '../support/registry-fixtures.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { tinyGolden, tinyModelBytes } from '../support/tiny-model.ts';

const spec = projectSpec({ gates: { maxLatencyP99Ms: 500 } });
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
  let answers: ReadonlyArray<ModelStructure | { readonly refused: string }> = [];

  beforeAll(async () => {
    // One process reads them all: none of them may end it or keep it.
    const files = cases.map(({ model }, i) => {
      const path = join(folder.path, `${i}.onnx`);
      writeFileSync(path, model);
      return path;
    });
    answers = await createOnnxModelRuntime({ timeoutMs: 30_000, memoryMb: 2048 }).inspect(files);
  }, PATIENCE);

  test.each(cases.map((c, i) => [c.name, c, i] as const))('%s', (_name, { gate, reason }, i) => {
    const answer = answers[i];
    if (answer === undefined) throw new Error('no answer');
    const gates = judgeStructure(answer, spec);
    expect(blocked(gates)).toContain(`${gate} fail`);
    expect(reasonOf(gates, gate)).toMatch(reason);
  });

  test('a sound model is among the same tests accepted', () => {
    const path = join(folder.path, 'sound.onnx');
    writeFileSync(path, tinyModelBytes());
    return createOnnxModelRuntime()
      .inspect([path])
      .then(([structure]) => expect(blocked(judgeStructure(structure!, spec))).toEqual([]));
  });
});

describe('refused for what it does, in a process that can be ended', () => {
  interface Given {
    readonly model: Buffer;
    readonly gates?: Record<string, unknown>;
    readonly timeoutMs?: number;
    readonly memoryMb?: number;
  }

  async function judge({ model, gates, ...limits }: Given): Promise<GateResult[]> {
    const files = { model: join(folder.path, 'model.onnx'), golden: join(folder.path, 'golden.json') };
    writeFileSync(files.model, model);
    writeFileSync(files.golden, FEW_ROWS);
    const own = projectSpec({ gates: { maxLatencyP99Ms: 500, ...gates } });
    const runtime = createOnnxModelRuntime(limits);
    return judgeModel(runtime, { ...files, folds: new Map() }, { spec: own });
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
