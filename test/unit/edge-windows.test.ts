import { Calibrator, STD_FLOOR } from '../../edge/calibration.ts';
import { WindowBuffer } from '../../edge/windows.ts';
import { fitMeanStd } from '../../src/domain/evaluation/group-rows.ts';
import fc from '../support/properties.ts';

test('each window holds the rows up to the one it ends at, oldest first', () => {
  const buffer = new WindowBuffer({ columns: 2, window: 3, stride: 1 });
  const windows = [1, 2, 3, 4, 5].map((n) => buffer.push([n, n * 10], true));
  expect(windows.map((w) => w && [...w])).toEqual([
    null,
    null,
    [1, 10, 2, 20, 3, 30],
    [2, 20, 3, 30, 4, 40],
    [3, 30, 4, 40, 5, 50],
  ]);
});

test('with a stride only every n-th row ends a window, and rows that may not be scored end none', () => {
  const buffer = new WindowBuffer({ columns: 1, window: 2, stride: 3 });
  const ends = Array.from({ length: 12 }, (_, i) => (buffer.push([i], i >= 4) ? i : null)).filter(
    (i) => i !== null,
  );
  expect(ends).toEqual([4, 7, 10]);
});

test('a window is a copy: later rows do not change it', () => {
  const buffer = new WindowBuffer({ columns: 1, window: 2, stride: 1 });
  buffer.push([1], true);
  const window = buffer.push([2], true);
  buffer.push([3], true);
  expect([...(window ?? [])]).toEqual([1, 2]);
});

test('null, infinite and absent readings are NaN in the window', () => {
  const buffer = new WindowBuffer({ columns: 3, window: 1, stride: 1 });
  expect([...(buffer.push([null, Infinity], true) ?? [])]).toEqual([NaN, NaN, NaN]);
});

test('the calibration is the one that evaluation computes from the same rows, to the bit', () => {
  const reading = fc.oneof(
    { weight: 9, arbitrary: fc.float({ min: -1000, max: 1000, noNaN: true }) },
    { weight: 1, arbitrary: fc.constant(NaN) },
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(reading, reading), { minLength: 20, maxLength: 60 }), (rows) => {
      fc.pre([0, 1].every((c) => rows.slice(0, 20).some((row) => !Number.isNaN(row[c]))));
      const calibrator = new Calibrator(2, 20);
      const fitted = rows
        .slice(0, 20)
        .map((row) => calibrator.push(row))
        .at(-1);
      const expected = fitMeanStd(Float32Array.from(rows.flat()), 2, 20);
      expect([...(fitted?.mean ?? [])]).toEqual([...(expected?.mean ?? [])]);
      expect([...(fitted?.std ?? [])]).toEqual([...(expected?.std ?? [])]);
    }),
  );
});

test('a sensor that stands still gets the floor, not a spread of zero', () => {
  const calibrator = new Calibrator(1, 3);
  const [, , fitted] = [5, 5, 5].map((v) => calibrator.push([v]));
  expect(fitted?.std[0]).toBe(Math.fround(STD_FLOOR));
});

test('a column without any reading keeps the device calibrating until one comes', () => {
  const calibrator = new Calibrator(2, 3);
  const results = [1, 2, 3, 4].map((v) => calibrator.push([v, null]));
  expect(results).toEqual([null, null, null, null]);
  expect(calibrator.push([5, 7])?.mean[1]).toBe(7);
});
