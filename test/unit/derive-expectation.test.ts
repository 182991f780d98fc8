import { deriveExpectation } from '../../src/domain/model-gates/derive-expectation.ts';
import { expectedInputs } from '../../src/domain/model-gates/model-expectation.ts';
import type { ModelValue } from '../../src/contracts/model/model-structure.ts';

const tensor = (name: string, shape: ModelValue['shape'], elementType = 'float32'): ModelValue => ({
  name,
  kind: 'tensor',
  elementType,
  shape,
});
const derive = (inputs: ModelValue[], outputs = [tensor('p', ['N'])], metadata = {}) =>
  deriveExpectation({ inputs, outputs, metadata });
const problemsOf = (derived: ReturnType<typeof derive>): string[] =>
  'problems' in derived ? derived.problems : [];

test('the input with most numbers takes the readings, the others are calibration, whatever their order', () => {
  const derived = derive([
    tensor('mean', ['N', 8]),
    tensor('rows', ['batch', 60, 8]),
    tensor('limit', [null, 1]),
  ]);
  if ('problems' in derived) throw new Error(derived.problems.join());
  expect(derived).toMatchObject({ input: 'rows', window: 60, output: 'p', observedRanges: true });
  expect(expectedInputs(derived)).toEqual([
    { name: 'rows', shape: [60, 8] },
    { name: 'mean', shape: [8] },
    { name: 'limit', shape: [1] },
  ]);
});

test('one row of columns without a time axis, with the names that the file states', () => {
  const derived = derive([tensor('x', ['N', 3])], undefined, { 'windlass.columns': '["a", "b", "c"]' });
  if ('problems' in derived) throw new Error(derived.problems.join());
  expect(derived.window).toBeNull();
  expect(derived.columns.map((c) => c.name)).toEqual(['a', 'b', 'c']);
  expect(expectedInputs(derived)).toEqual([{ name: 'x', shape: [3] }]);
});

test.each([
  ['a fixed batch', [tensor('x', [1, 3])], undefined, /x is float32 \[1, 3\]/],
  ['an open width', [tensor('x', ['N', 'width'])], undefined, /fixed others/],
  ['double precision', [tensor('x', ['N', 3], 'float64')], undefined, /x is float64/],
  ['a picture', [tensor('x', ['N', 3, 64, 64])], undefined, /4 dimensions/],
  ['no input', [], undefined, /no input/],
  [
    'two outputs',
    [tensor('x', ['N', 3])],
    [tensor('label', ['N'], 'int64'), tensor('p', ['N', 2])],
    /2 outputs \(label, p\)/,
  ],
  ['an output of two columns', [tensor('x', ['N', 3])], [tensor('p', ['N', 2])], /expected float32 \[N\]/],
])('%s stands in the way', (_what, inputs, outputs, problem) => {
  expect(problemsOf(derive(inputs, outputs)).join()).toMatch(problem);
});
