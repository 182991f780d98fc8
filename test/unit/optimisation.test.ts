import { rowByRow, type FloatTensor } from '../../edge/tensor.ts';
import { withoutUnusedImports } from '../../src/adapters/onnx/optimise-graph.ts';
import { readStructure } from '../../src/adapters/onnx/read-structure.ts';
import { scoresRowsAlone } from '../../src/contracts/model/model-file.ts';
import {
  optimiseSchema,
  type ModelProfile,
  type Variant,
  type VariantResult,
} from '../../src/contracts/build/optimisation.ts';
import { chooseVariant } from '../../src/domain/optimisation/choose-variant.ts';
import { optimisationPlan } from '../../src/domain/optimisation/plan.ts';
import { opsetImport } from '../support/onnx-encode.ts';
import { tinyModelBytes } from '../support/tiny-model.ts';

function profile(platform: string, p50: number): ModelProfile {
  return {
    machine: { platform, runtime: 'onnxruntime-node', processor: 'any' },
    latency: { n: 300, p50, p99: 2 * p50 },
    rowsPerSecond: 1000 / p50,
    startMs: 20,
    memory: { peakMb: 100, sessionMb: 10 },
  };
}

function form(
  variant: Variant,
  { bytes: size = 1000, status = 'passed' as VariantResult['status'], ms = [1] as readonly number[] },
): VariantResult {
  const platforms = ['linux/amd64', 'linux/arm64'];
  return {
    variant,
    status,
    reason: '',
    digest: null,
    bytes: size,
    f1: 0.9,
    difference: 0,
    interval: [0, 0],
    profiles: ms.map((p50, i) => profile(platforms[i] ?? '', p50)),
  };
}

const LATENCY = { prefer: 'latency', minGain: 0.1 } as const;
const original = form('original', { ms: [1, 4] });

describe('which form of a model is kept', () => {
  test('the one that gains most where it gains least', () => {
    const graph = form('graph', { ms: [0.8, 3.2] });
    const int8 = form('int8', { ms: [0.3, 3.8] }); // quick here, hardly quicker there
    const { variant, reason } = chooseVariant(original, [int8, graph], LATENCY);
    expect({ variant, reason }).toEqual({
      variant: 'graph',
      reason: 'graph saves 20 % of the median latency on the platform where it gains least',
    });
  });

  test.each([
    ['gains too little', [form('graph', { ms: [0.95, 3.8] })], /graph saves 5 % .*, less than 10 %/],
    ['costs more', [form('graph', { ms: [1.02, 4] })], /^the best other form, graph, adds 2 % to the median/],
    ['was refused', [form('int8', { ms: [0.1, 0.4], status: 'refused' })], /no other form passed/],
    ['was not measured where the original was', [form('int8', { ms: [0.1] })], /no latency was measured/],
    ['does not exist', [], /no other form passed/],
  ])('the original where the other %s', (_, candidates, reason) => {
    const chosen = chooseVariant(original, candidates, LATENCY);
    expect(chosen.variant).toBe('original');
    expect(chosen.reason).toMatch(reason);
  });

  test('the original where nothing was measured, and says so', () => {
    const chosen = chooseVariant(form('original', { ms: [] }), [form('int8', { ms: [] })], LATENCY);
    expect(chosen).toEqual({
      variant: 'original',
      reason: 'no latency was measured that says what another form gains',
    });
  });

  test('by size nothing needs to be measured, and of equals the first is kept', () => {
    const candidates = [form('graph', { bytes: 400, ms: [] }), form('float16', { bytes: 400, ms: [] })];
    expect(chooseVariant(original, candidates, { prefer: 'size', minGain: 0.6 })).toEqual({
      variant: 'graph',
      reason: 'graph saves 60 % of the size',
    });
  });
});

test("a build's options count more than the project's, field by field", () => {
  expect(optimisationPlan(undefined, undefined)).toEqual({ candidates: [], prefer: 'latency', minGain: 0.1 });
  const project = { candidates: ['graph'] as const, prefer: 'size' as const };
  expect(optimisationPlan({ ...project, candidates: ['graph'] }, { candidates: [], minGain: 0.3 })).toEqual({
    candidates: [],
    prefer: 'size',
    minGain: 0.3,
  });
  expect(optimiseSchema.safeParse({ candidates: ['int4'] }).error?.message).toContain('graph, int8, float16');
  expect(optimiseSchema.safeParse({ candidates: ['int8', 'int8'] }).error?.message).toContain('named twice');
});

test('operator sets of which a model uses nothing go, every other byte stays', () => {
  const model = tinyModelBytes();
  const more = Buffer.concat([model, opsetImport('com.microsoft', 1), opsetImport('ai.onnx.ml', 5)]);
  expect(readStructure(more).opsets).toHaveLength(3);
  expect(withoutUnusedImports(more).equals(model)).toBe(true);
});

describe('a model that scales by the batch', () => {
  test('is known by its operators', () => {
    expect(scoresRowsAlone(tinyModelBytes())).toBe(false);
    expect(scoresRowsAlone(Buffer.from('..Dynam..DynamicQuantizeLinear..'))).toBe(true);
    expect(scoresRowsAlone(Buffer.from('..DynamicQuant'))).toBe(false);
  });

  test('is given its rows one by one', async () => {
    const seen: number[][] = [];
    const tensor = (shape: number[], ...data: number[]): FloatTensor => ({
      shape,
      data: new Float32Array(data),
    });
    const infer = rowByRow(({ window, mean }) => {
      seen.push([...(window?.shape ?? [])]);
      return Promise.resolve({ out: tensor([1], (window?.data[0] ?? 0) + (mean?.data[0] ?? 0)) });
    });
    const window = tensor([3, 1, 2], 1, 2, 3, 4, 5, 6);
    const { out } = await infer({ window, mean: tensor([3, 1], 10, 20, 30) });
    expect(seen).toEqual([
      [1, 1, 2],
      [1, 1, 2],
      [1, 1, 2],
    ]);
    expect(out).toEqual(tensor([3], 11, 23, 35));
  });
});
