import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { judgeModel } from '../../src/application/judge-model.ts';
import * as ort from 'onnxruntime-node';
import { createOnnxModelRuntime } from '../../src/adapters/onnx/onnx-model-runtime.ts';
import type { GateResult } from '../../src/contracts/gate.ts';
import type { ProjectSpec } from '../../src/contracts/project/project.ts';
import { modelExpectation } from '../../src/domain/model-gates/model-expectation.ts';
import type { GoldenFile } from '../../src/contracts/model/golden-file.ts';
import { worstStatus } from '../../src/domain/gates/statuses.ts';
import { targetRuntimes } from '../../src/domain/model-gates/target-runtimes.ts';
import { scoring, variant } from '../support/hostile-models.ts';
import { constant, node, opsetImport } from '../support/onnx-encode.ts';
import { projectSpec } from '../support/registry-fixtures.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { tinyGolden, tinyModelBytes } from '../support/tiny-model.ts';

const FIXTURES = join(import.meta.dirname, '../fixtures/onnx');
const PATIENCE = 60_000;
/** The same in every operator set. */
const PLAIN = [
  node('Sub', ['baseline_mean', 'baseline_std'], 'level'),
  node('Flatten', ['level'], 'flat', { axis: 0 }),
  node('Sigmoid', ['flat'], 'probability'),
];
const models = createOnnxModelRuntime();
const spec = projectSpec({ gates: { maxLatencyP99Ms: 500 } });
const measureOf = (own: ProjectSpec) => ({ spec: own, expect: modelExpectation(own) });

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

const ALL_ROWS = JSON.stringify(tinyGolden({ goldenRows: 1000 }));

async function judge({ model, golden, fold }: Given = {}): Promise<readonly GateResult[]> {
  const files = { model: join(folder.path, 'model.onnx'), golden: join(folder.path, 'golden.json') };
  const rows = golden ?? ALL_ROWS;
  writeFileSync(files.model, model ?? tinyModelBytes());
  writeFileSync(files.golden, typeof rows === 'string' ? rows : JSON.stringify(rows));
  const folds = new Map<string, string>();
  if (fold !== undefined) {
    folds.set('0', join(folder.path, 'fold.onnx'));
    writeFileSync(join(folder.path, 'fold.onnx'), fold);
  }
  return (await judgeModel(models, { ...files, folds }, measureOf(spec))).gates;
}

const bad = (gates: readonly GateResult[]): string[] =>
  gates.filter((g) => g.status !== 'pass').map((g) => `${g.name} ${g.status}`);
const reasonOf = (gates: readonly GateResult[], name: string): string =>
  gates.find((g) => g.name === name)?.reason ?? 'no such gate';

test(
  'a good model passes every gate',
  async () => {
    const gates = await judge({ fold: tinyModelBytes({ bias: -3 }) });
    expect(bad(gates)).toEqual([]);
    expect(worstStatus(gates)).toBe('pass');
    expect(gates.map((g) => g.name)).toEqual([
      'onnx-size',
      'onnx-graph',
      'onnx-tensors',
      'onnx-self-contained',
      'onnx-opset',
      'onnx-operators',
      'onnx-control-flow',
      'onnx-plain-tensors',
      'onnx-signature',
      'feature-order',
      'onnx-loads',
      'golden-rows',
      'golden-finite',
      'golden-parity',
      'label-flips',
      'finite-outputs',
      'probability-range',
      'repeatable',
      'batch-invariance',
      'invalid-input',
      'not-constant',
      'latency-p99',
      'start-time',
      'peak-memory',
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
      const text = ALL_ROWS;
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
      const gates = await judge({ model: scoring(nodes, { constants: [constant('zero', [], [0])] }) });
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

  test('a model that takes too long: its process is ended', async () => {
    const hasty = createOnnxModelRuntime({ timeoutMs: 1 });
    const model = join(folder.path, 'model.onnx');
    writeFileSync(model, tinyModelBytes());
    await expect(hasty.inspect([model], { maxBytes: 20e6 })).rejects.toMatchObject({
      code: 'MODEL_INVALID',
      message: expect.stringContaining('longer than allowed'),
    });
  });
});

test.each(
  targetRuntimes([])
    .filter((t) => t.runtime === 'onnxruntime-node')
    .slice(0, 1),
)('$runtime $version opens what its row of the table says, and nothing newer', async (target) => {
  const opens = (model: Buffer): Promise<boolean> =>
    ort.InferenceSession.create(model, { logSeverityLevel: 4 }).then(
      (session) => session.release().then(() => true),
      () => false,
    );
  const { maxOpset, maxMlOpset, maxIrVersion } = target;
  const ml = (version: number): Buffer => variant({ modelParts: [opsetImport('ai.onnx.ml', version)] });
  const all = [
    [variant({ opset: maxOpset, nodes: PLAIN }), variant({ opset: maxOpset + 1, nodes: PLAIN })],
    [ml(maxMlOpset), ml(maxMlOpset + 1)],
    [variant({ irVersion: maxIrVersion }), variant({ irVersion: maxIrVersion + 1 })],
  ] as const;
  for (const [newest, newer] of all) expect([await opens(newest), await opens(newer)]).toEqual([true, false]);
});

test('a project that is made for no platform in particular is held to all of them', () => {
  expect(targetRuntimes([]).map((t) => t.runtime)).toEqual(
    expect.arrayContaining(['onnxruntime-node', 'onnxruntime-web']),
  );
  expect(targetRuntimes(['linux/arm64'])).toHaveLength(1);
});
