import { truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readGolden } from '../../src/adapters/onnx/golden-file.ts';
import type { GoldenFile } from '../../src/contracts/model/golden-file.ts';
import { modelExpectation } from '../../src/domain/model-gates/model-expectation.ts';
import { projectSpec } from '../support/registry-fixtures.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { tinyGolden } from '../support/tiny-model.ts';

const expectation = modelExpectation(projectSpec());
const N = 3;
const sound = tinyGolden({ goldenRows: N });
const { inputs } = sound;
const window = inputs['window']!;

let folder: ReturnType<typeof tempFolder>;
beforeAll(() => {
  folder = tempFolder('golden');
});
afterAll(() => folder.remove());

const read = (golden: GoldenFile | string) => {
  const file = join(folder.path, 'golden.json');
  writeFileSync(file, typeof golden === 'string' ? golden : JSON.stringify(golden));
  return readGolden(file, expectation);
};

test('sound rows are read by input, each with the shape of one row', async () => {
  const golden = await read(sound);
  expect(golden.rows).toBe(N);
  expect(Object.entries(golden.tensors).map(([name, t]) => [name, t.shape, t.data.length])).toEqual([
    ['window', [60, 8], N * 480],
    ['baseline_mean', [8], N * 8],
    ['baseline_std', [8], N * 8],
  ]);
  expect(golden.expected[1]).toBeCloseTo(sound.outputs['probability']!.data[1]!, 6);
});

test.each<[string, GoldenFile | string, RegExp]>([
  ['an empty file', '', /not JSON/],
  ['half a file', '{"schema": "windlass.golden/1", "inputs": {', /not JSON/],
  ['another schema', JSON.stringify({ ...sound, schema: 'other/9' }), /schema/],
  ['an input less', { ...sound, inputs: { window } }, /no tensor "baseline_mean"/],
  [
    'another order of dimensions',
    { ...sound, inputs: { ...inputs, window: { ...window, shape: [N, 8, 60] } } },
    /"window" has shape \[3, 8, 60\], expected \[3, 60, 8\]/,
  ],
  [
    'another number of rows',
    { ...sound, outputs: { probability: { shape: [2], data: [0.1, 0.2] } } },
    /"probability" has shape \[2\], expected \[3\]/,
  ],
  [
    'fewer values than its shape says',
    { ...sound, outputs: { probability: { shape: [N], data: [0.5] } } },
    /has 1 values, its shape says 3/,
  ],
  [
    'a shape of 10¹² values',
    { ...sound, inputs: { ...inputs, window: { shape: [1e9, 60, 8], data: [] } } },
    /has 0 values, its shape says 480000000000/,
  ],
  [
    'words for numbers',
    JSON.stringify({ ...sound, outputs: { probability: { shape: [1], data: ['high'] } } }),
    /expected number/,
  ],
  [
    'a negative shape',
    JSON.stringify({ ...sound, outputs: { probability: { shape: [-1], data: [] } } }),
    /outputs.probability.shape/,
  ],
])('%s is refused', async (_what, golden, reason) => {
  await expect(read(golden)).rejects.toMatchObject({
    code: 'MODEL_INVALID',
    message: expect.stringMatching(reason),
  });
});

test('a file of a gigabyte is refused before it is read', async () => {
  const file = join(folder.path, 'huge.json');
  writeFileSync(file, '');
  truncateSync(file, 1e9);
  await expect(readGolden(file, expectation)).rejects.toMatchObject({
    message: expect.stringContaining('1000 MB'),
  });
});
