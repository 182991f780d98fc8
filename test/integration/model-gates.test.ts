import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { judgeModel } from '../../activities/model-gates/model-gate-activities.ts';
import { createOnnxModelRuntime } from '../../src/adapters/onnx/onnx-model-runtime.ts';
import type { GateResult } from '../../src/contracts/gate.ts';
import type { GoldenFile } from '../../src/contracts/project.ts';
import { worstStatus } from '../../src/domain/gates.ts';
import { constant, encodeModel, node, tensorInfo } from '../support/onnx-encode.ts';
import { projectSpec } from '../support/registry-fixtures.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { TINY_WINDOW, tinyGolden, tinyModelBytes } from '../support/tiny-model.ts';

const FIXTURES = join(import.meta.dirname, '../fixtures/onnx');
const WIDTH = 8;
const PATIENCE = 60_000;
const models = createOnnxModelRuntime();
const spec = projectSpec({ gates: { maxLatencyP99Ms: 500 } });

let folder: ReturnType<typeof tempFolder>;
beforeEach(() => {
  folder = tempFolder('gates');
});
afterEach(() => folder.remove());

interface Given {
  readonly model?: Buffer;
  readonly golden?: GoldenFile | string;
  readonly fold?: Buffer;
}

async function judge({ model, golden, fold }: Given = {}): Promise<GateResult[]> {
  const files = { model: join(folder.path, 'model.onnx'), golden: join(folder.path, 'golden.json') };
  const rows = golden ?? tinyGolden({ goldenRows: 1000 });
  writeFileSync(files.model, model ?? tinyModelBytes());
  writeFileSync(files.golden, typeof rows === 'string' ? rows : JSON.stringify(rows));
  const folds = new Map<string, string>();
  if (fold !== undefined) {
    folds.set('0', join(folder.path, 'fold.onnx'));
    writeFileSync(join(folder.path, 'fold.onnx'), fold);
  }
  return judgeModel(models, { ...files, folds }, { spec });
}

const bad = (gates: readonly GateResult[]): string[] =>
  gates.filter((g) => g.status !== 'pass').map((g) => `${g.name} ${g.status}`);
const reasonOf = (gates: readonly GateResult[], name: string): string =>
  gates.find((g) => g.name === name)?.reason ?? 'no such gate';

/** The tiny model with other parts. */
function variant(change: Partial<Parameters<typeof encodeModel>[0]>): Buffer {
  return encodeModel({
    opset: 17,
    inputs: [
      tensorInfo('window', ['N', TINY_WINDOW, WIDTH]),
      tensorInfo('baseline_mean', ['N', WIDTH]),
      tensorInfo('baseline_std', ['N', WIDTH]),
    ],
    outputs: [tensorInfo('probability', ['N'])],
    constants: [],
    nodes: [],
    ...change,
  });
}

/** Ends in `probability` [N] after the given operators on the mean of all z-values. */
function scoring(nodes: readonly Buffer[], constants: readonly Buffer[] = []): Buffer {
  return variant({
    constants,
    nodes: [
      node('ReduceMean', ['window'], 'row_mean', { axes: [1], keepdims: 0 }),
      node('Sub', ['row_mean', 'baseline_mean'], 'offset'),
      node('Div', ['offset', 'baseline_std'], 'z'),
      node('ReduceMean', ['z'], 'level', { axes: [1], keepdims: 0 }),
      ...nodes,
    ],
  });
}

test(
  'a good model passes every gate',
  async () => {
    const gates = await judge({ fold: tinyModelBytes({ bias: -3 }) });
    expect(bad(gates)).toEqual([]);
    expect(worstStatus(gates)).toBe('pass');
    expect(gates.map((g) => g.name)).toEqual([
      'onnx-size',
      'onnx-opset',
      'onnx-operators',
      'onnx-self-contained',
      'onnx-plain-tensors',
      'onnx-signature',
      'onnx-loads',
      'golden-rows',
      'golden-finite',
      'finite-outputs',
      'probability-range',
      'golden-parity',
      'label-flips',
      'batch-invariance',
      'not-constant',
      'latency-p99',
    ]);
    expect(gates.find((g) => g.name === 'golden-parity')).toMatchObject({ n: 1000, threshold: 1e-4 });
  },
  PATIENCE,
);

describe('refused before any runtime opens the file', () => {
  const unopened = (gates: readonly GateResult[]): void =>
    expect(gates.some((g) => g.name === 'onnx-loads')).toBe(false);

  test('ZipMap output, as skl2onnx writes it by default', async () => {
    const gates = await judge({ model: readFileSync(join(FIXTURES, 'zipmap.onnx')) });
    expect(bad(gates)).toEqual(expect.arrayContaining(['onnx-plain-tensors fail', 'onnx-signature fail']));
    expect(reasonOf(gates, 'onnx-plain-tensors')).toContain('"zipmap": False');
    unopened(gates);
  });

  test('weights in another file', async () => {
    const gates = await judge({ model: readFileSync(join(FIXTURES, 'outside.onnx')) });
    expect(bad(gates)).toContain('onnx-self-contained fail');
    expect(reasonOf(gates, 'onnx-self-contained')).toContain('outside.weights');
    unopened(gates);
  });

  test('an operator set that is too new, or too old', async () => {
    const nodes = [node('Sigmoid', ['level'], 'probability')];
    for (const opset of [25, 7]) {
      const gates = await judge({ model: variant({ opset, nodes }) });
      expect(bad(gates)).toEqual(['onnx-opset fail']);
      expect(reasonOf(gates, 'onnx-opset')).toContain(String(opset));
      unopened(gates);
    }
  });

  test('operators that devices do not have', async () => {
    // NodeProto.domain is field 7.
    const domain = Buffer.concat([Buffer.from([0x3a, 13]), Buffer.from('com.microsoft')]);
    const gelu = Buffer.concat([node('Gelu', ['level'], 'probability'), domain]);
    const gates = await judge({ model: scoring([gelu]) });
    expect(bad(gates)).toEqual(['onnx-operators fail']);
    expect(reasonOf(gates, 'onnx-operators')).toContain('com.microsoft.Gelu');
    unopened(gates);
  });

  test.each<[string, Partial<Parameters<typeof encodeModel>[0]>, RegExp]>([
    [
      'an input of another name',
      { inputs: [tensorInfo('rows', ['N', TINY_WINDOW, WIDTH])] },
      /window is missing.*input rows is not declared/,
    ],
    [
      'another window length',
      {
        inputs: [
          tensorInfo('window', ['N', 30, WIDTH]),
          tensorInfo('baseline_mean', ['N', WIDTH]),
          tensorInfo('baseline_std', ['N', WIDTH]),
        ],
      },
      /window has shape \[N, 30, 8\], expected \[N, 60, 8\]/,
    ],
    [
      'a fixed batch',
      { outputs: [tensorInfo('probability', [1])] },
      /probability has shape \[1\], expected \[N\]/,
    ],
    ['two columns of output', { outputs: [tensorInfo('probability', ['N', 2])] }, /expected \[N\]/],
    ['no such output', { outputs: [tensorInfo('label', ['N'])] }, /probability is missing/],
  ])('%s', async (_what, change, reason) => {
    const gates = await judge({
      model: variant({ ...change, nodes: [node('Sigmoid', ['x'], 'probability')] }),
    });
    expect(bad(gates)).toEqual(['onnx-signature fail']);
    expect(reasonOf(gates, 'onnx-signature')).toMatch(reason);
    unopened(gates);
  });

  test('a truncated file, an empty graph, and what is no model at all', async () => {
    const whole = tinyModelBytes();
    const contents = [
      whole.subarray(0, whole.length / 2),
      Buffer.from('<html>not found</html>'),
      Buffer.from([8, 8]),
    ];
    for (const model of contents) {
      const gates = await judge({ model });
      expect(bad(gates)).toEqual(['onnx-file fail']);
      expect(reasonOf(gates, 'onnx-file')).toMatch(/not (a complete|an) ONNX model/);
    }
  });

  test('a fold model that does not fit', async () => {
    const gates = await judge({ fold: readFileSync(join(FIXTURES, 'zipmap.onnx')) });
    expect(bad(gates)).toEqual([expect.stringMatching(/^fold-0-onnx-/)]);
  });
});

describe('refused for what it does', () => {
  test(
    'predictions that differ from the training framework',
    async () => {
      const gates = await judge({ golden: tinyGolden({ goldenRows: 1000, goldenError: 0.01 }) });
      expect(bad(gates)).toContain('golden-parity fail');
      expect(gates.find((g) => g.name === 'golden-parity')?.observed).toBeCloseTo(0.01, 3);
    },
    PATIENCE,
  );

  test(
    'NaN among the predictions of the training framework, as Python writes it',
    async () => {
      const text = JSON.stringify(tinyGolden({ goldenRows: 1000 }));
      const at = text.lastIndexOf('[') + 1;
      const golden = `${text.slice(0, at)}NaN, -Infinity${text.slice(text.indexOf(',', text.indexOf(',', at) + 1))}`;
      const gates = await judge({ golden });
      expect(bad(gates)).toEqual(expect.arrayContaining(['golden-finite fail', 'golden-parity fail']));
      expect(reasonOf(gates, 'golden-finite')).toContain('2 predictions');
    },
    PATIENCE,
  );

  test(
    'too few golden rows to judge by',
    async () => {
      expect(bad(await judge({ golden: tinyGolden({ goldenRows: 200 }) }))).toEqual([
        'golden-rows insufficient',
      ]);
    },
    PATIENCE,
  );

  test('golden rows of another shape', async () => {
    const golden = tinyGolden({ goldenRows: 1000 });
    const wrong = { ...golden, outputs: { score: { shape: [1000], data: [] } } };
    const gates = await judge({ golden: wrong });
    expect(bad(gates)).toEqual(['onnx-loads fail']);
    expect(reasonOf(gates, 'onnx-loads')).toContain('no tensor "probability"');
  });

  test(
    'NaN outputs',
    async () => {
      const gates = await judge({
        model: scoring([node('Sqrt', ['level'], 'root'), node('Log', ['root'], 'probability')]),
      });
      expect(bad(gates)).toContain('finite-outputs fail');
    },
    PATIENCE,
  );

  test(
    'outputs that are no probabilities',
    async () => {
      const gates = await judge({ model: scoring([node('Identity', ['level'], 'probability')]) });
      expect(bad(gates)).toContain('probability-range fail');
    },
    PATIENCE,
  );

  test(
    'the same score for every row',
    async () => {
      const nodes = [node('Mul', ['level', 'zero'], 'nothing'), node('Sigmoid', ['nothing'], 'probability')];
      const gates = await judge({ model: scoring(nodes, [constant('zero', [], [0])]) });
      expect(bad(gates)).toContain('not-constant fail');
    },
    PATIENCE,
  );

  test(
    'scores that depend on the rest of the batch',
    async () => {
      const nodes = [
        node('ReduceMean', ['level'], 'of_batch', { axes: [0], keepdims: 1 }),
        node('Sub', ['level', 'of_batch'], 'relative'),
        node('Sigmoid', ['relative'], 'probability'),
      ];
      expect(bad(await judge({ model: scoring(nodes) }))).toContain('batch-invariance fail');
    },
    PATIENCE,
  );

  test('an operator that does not exist', async () => {
    const gates = await judge({ model: scoring([node('NoSuchOperator', ['level'], 'probability')]) });
    expect(bad(gates)).toEqual(['onnx-loads fail']);
    expect(reasonOf(gates, 'onnx-loads')).toContain('NoSuchOperator');
  });

  test('a model that takes too long: its process is ended', async () => {
    const hasty = createOnnxModelRuntime({ timeoutMs: 1 });
    const model = join(folder.path, 'model.onnx');
    writeFileSync(model, tinyModelBytes());
    await expect(hasty.inspect([model])).rejects.toMatchObject({
      code: 'MODEL_INVALID',
      message: expect.stringContaining('longer than allowed'),
    });
  });
});

test('the fixtures are there', () => {
  expect(existsSync(join(FIXTURES, 'zipmap.onnx')) && existsSync(join(FIXTURES, 'outside.onnx'))).toBe(true);
});
