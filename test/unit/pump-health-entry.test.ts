import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parse } from 'yaml';
import { projectSchema } from '../../src/contracts/project/project.ts';
import { PUMP_COLUMNS } from '../../stand-ins/pump/columns.ts';

interface Context {
  model: { name: string; version: string; threshold: number };
  log: { info: (message: string) => void };
  score: (inputs: Record<string, { shape: number[]; data: Float32Array }>) => Promise<object>;
}
interface Entry {
  COLUMNS: { name: string; min: number; max: number }[];
  init(context: Context): Promise<void>;
  run(data: object, context: Context): Promise<unknown>;
}

const PROJECT = join(import.meta.dirname, '../../examples/pump-health');
const entry = (await import(pathToFileURL(join(PROJECT, 'entry.js')).href)) as Entry;

const USUAL = [0.027, 0.04, 0.97, 0.05, 70, 25, 230, 32];
const calibration = {
  baseline_mean: { shape: [1, 8], data: Float32Array.from(USUAL) },
  baseline_std: { shape: [1, 8], data: new Float32Array(8).fill(0.1) },
};
const usualWindow = () => Float32Array.from({ length: 480 }, (_, i) => USUAL[i % 8] ?? 0);

/** A context whose model gives `probability` and keeps what it was asked. */
function contextWith(probability: number) {
  const asked: Record<string, { shape: number[] }>[] = [];
  const context: Context = {
    model: { name: 'pump-health', version: '3', threshold: 0.5 },
    log: { info: () => undefined },
    score: async (inputs) => {
      asked.push(inputs);
      return { probability: Float32Array.of(probability) };
    },
  };
  return { context, asked };
}
const data = (window: Float32Array) => ({ window, calibration, endTime: '2026-01-05T06:00:00Z' });

test('a window is scored with the shapes of the graph; the threshold itself is an alarm', async () => {
  const { context, asked } = contextWith(0.5);
  await entry.init(context);
  expect(await entry.run(data(usualWindow()), context)).toEqual({ probability: 0.5, alarm: true });
  expect(Object.entries(asked[0] ?? {}).map(([name, tensor]) => [name, tensor.shape])).toEqual([
    ['window', [1, 60, 8]],
    ['baseline_mean', [1, 8]],
    ['baseline_std', [1, 8]],
  ]);
  expect(await entry.run(data(usualWindow()), contextWith(0.49).context)).toMatchObject({ alarm: false });
});

test.each([
  ['NaN', Number.NaN, 'Pressure: 1 of 60 readings are missing'],
  ['infinity', Number.POSITIVE_INFINITY, 'Pressure: 1 of 60 readings are missing'],
  ['a reading out of range', 1e8, 'Pressure: 1 of 60 readings lie outside -3 to 6'],
])('%s is invalid, never healthy, and the model is not asked', async (_, value, invalid) => {
  const { context, asked } = contextWith(0);
  const window = usualWindow();
  window[59 * 8 + 3] = value;
  expect(await entry.run(data(window), context)).toEqual({ invalid });
  expect(asked).toEqual([]);
});

test('a short window, a broken calibration and a score that is no number are invalid', async () => {
  const { context } = contextWith(0);
  expect(await entry.run(data(usualWindow().slice(8)), context)).toEqual({
    invalid: 'the window has 472 readings, not 480',
  });
  const baseline_std = { shape: [1, 8], data: new Float32Array(8).fill(Number.NaN) };
  expect(
    await entry.run({ ...data(usualWindow()), calibration: { ...calibration, baseline_std } }, context),
  ).toEqual({
    invalid: 'the calibration baseline_std has a value that is not a number',
  });
  expect(await entry.run(data(usualWindow()), contextWith(Number.NaN).context)).toEqual({
    invalid: 'the model gave no number',
  });
});

test('a threshold that can never or always alarm stops the module', async () => {
  const { context } = contextWith(0);
  context.model.threshold = 0;
  await expect(entry.init(context)).rejects.toThrow(/threshold of pump-health 3 is 0/);
});

test('windlass.yaml, the entry script and the simulation know the same sensors', () => {
  const spec = projectSchema.parse(parse(readFileSync(join(PROJECT, 'windlass.yaml'), 'utf8')));
  expect(spec.data.columns).toEqual(PUMP_COLUMNS);
  expect(entry.COLUMNS).toEqual(spec.data.columns.map(({ name, min, max }) => ({ name, min, max })));
});
