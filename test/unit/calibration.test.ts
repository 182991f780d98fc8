import { calibrationSpecSchema, deviceCalibrationSchema } from '../../src/contracts/device/calibration.ts';
import { readTensorValues } from '../../src/domain/calibration/tensor-values.ts';

const DECLARED = [
  { name: 'mean', shape: [2] },
  { name: 'loadings', shape: [2, 2] },
];
const COMMAND = { fit: 'command', rows: 400, run: 'python calibrate.py', tensors: DECLARED };

test('tensor values are read nested or flat', () => {
  const expected = { mean: Float32Array.of(1, 2), loadings: Float32Array.of(1, 2, 3, 4) };
  const nested = [
    [1, 2],
    [3, 4],
  ];
  expect(readTensorValues({ mean: [1, 2], loadings: nested }, DECLARED)).toEqual({ values: expected });
  expect(readTensorValues({ mean: [1, 2], loadings: [1, 2, 3, 4] }, DECLARED)).toEqual({ values: expected });
});

test.each<[string, unknown, string[]]>([
  ['no object', [1], ['expected an object of tensor name → numbers']],
  ['a tensor that is missing', { mean: [1, 2] }, ['loadings is missing']],
  ['another shape', { mean: [1, 2], loadings: [[1, 2, 3, 4]] }, ['loadings is not numbers of shape [2, 2]']],
  ['words', { mean: ['1', 2], loadings: [1, 2, 3, 4] }, ['mean is not numbers of shape [2]']],
  [
    'a number beyond float32, and one tensor too many',
    { mean: [1, 1e39], loadings: [1, 2, 3, 4], more: 1 },
    ['mean has a value that is not a finite number, at position 1', 'more is not declared in windlass.yaml'],
  ],
])('%s is refused', (_, found, problems) => {
  expect(readTensorValues(found, DECLARED)).toEqual({ problems });
});

test('a device is not told the command', () => {
  const spec = calibrationSpecSchema.parse(COMMAND);
  expect(spec).toEqual({ ...COMMAND, overlap: true, timeoutSeconds: 600 });
  expect(deviceCalibrationSchema.parse(spec)).toEqual({
    fit: 'command',
    rows: 400,
    overlap: true,
    tensors: DECLARED,
  });
});

test.each([
  ['an unknown fit', { ...COMMAND, fit: 'median' }, /fit|discriminator/],
  ['two tensors of one name', { ...COMMAND, tensors: [DECLARED[0], DECLARED[0]] }, /name of its own/],
  ['more than a twin holds', { ...COMMAND, tensors: [{ name: 'big', shape: [60, 60] }] }, /3000 values/],
  ['a command beside a built-in fit', { ...COMMAND, fit: 'mean-std', mean: 'm', std: 's' }, /run/],
  ['a built-in fit without names', { fit: 'mean-std', rows: 400 }, /mean/],
])('windlass.yaml with %s is refused', (_, calibration, message) => {
  const { error } = calibrationSpecSchema.safeParse(calibration);
  expect(error?.message).toMatch(message);
});
