import {
  followTraining,
  parseProgress,
  type TrainHeartbeat,
} from '../../activities/training/train-progress.ts';
import { stepKey } from '../../activities/shared/cached-step.ts';
import { trainInput } from '../../src/cli/commands/train/train-input.ts';
import { artefactsIn } from '../../src/contracts/artefact.ts';
import { buildInputSchema } from '../../src/contracts/build/build.ts';
import { renderProgress } from '../../workflows/shared/render-progress.ts';

describe('progress lines of training', () => {
  test.each([
    [
      '{"progress": 0.5, "message": "half", "metrics": {"loss": 1}}',
      { progress: 0.5, message: 'half', metrics: { loss: 1 } },
    ],
    ['{"progress": 7}', {}],
    ['plain text', undefined],
    ['{"progress": ', undefined],
    ['{}', {}],
    ['{"metrics": {"loss": 1, "text": "x", "deep": {"a": 1}, "nothing": null}}', { metrics: { loss: 1 } }],
    ['{"metrics": [1, 2]}', { metrics: {} }],
  ])('%s', (line, expected) => {
    expect(parseProgress(line)).toEqual(expected);
  });
});

test('what heartbeats carry stays small, however many metrics a training names: the newest are told', () => {
  const told: TrainHeartbeat[] = [];
  const { onLine } = followTraining((details) => told.push(details));
  for (let epoch = 0; epoch < 200; epoch += 1)
    onLine(
      JSON.stringify({ metrics: { [`loss_${epoch}`]: epoch, [`x`.repeat(200)]: 1, loss: epoch } }),
      'stdout',
    );
  const metrics = told.at(-1)?.metrics ?? {};
  expect(Object.keys(metrics)).toHaveLength(50);
  expect(metrics).toMatchObject({ loss: 199, loss_199: 199 });
});

test('a line that says nothing of the progress, and what is measured, leave the progress as it was', () => {
  const seen: TrainHeartbeat[] = [];
  const { onLine, onUsage } = followTraining((details) => seen.push(details));
  onLine('{"metrics": {"loss": 2}}', 'stdout');
  onLine('{"progress": 0.4, "message": "epoch 4"}', 'stdout');
  onLine('{"metrics": {"loss": 1}}', 'stdout');
  onUsage({ memoryMb: 80 });
  expect(seen.map(({ progress }) => progress)).toEqual([null, null, 0.4, 0.4, 0.4]);
  expect(seen.at(-1)).toMatchObject({ message: 'epoch 4', metrics: { loss: 1 }, memoryMb: 80 });
});

describe('step keys', () => {
  test('depend on every input, not on the order of fields', () => {
    const key = (inputs: unknown, version = 1): string => stepKey({ step: 'train', version, inputs });
    expect(key({ a: 1, b: [1, 2] })).toBe(key({ b: [1, 2], a: 1 }));
    const others = [
      key({ a: 1, b: [2, 1] }),
      key({ a: 1 }),
      key({ a: '1', b: [1, 2] }),
      key({ a: 1, b: [1, 2] }, 2),
    ];
    expect(new Set([key({ a: 1, b: [1, 2] }), ...others]).size).toBe(5);
  });
  test('artefacts of a result are found however deep', () => {
    const ref = (n: string) => ({ digest: `sha256:${n.repeat(64)}`, size: 1, mediaType: 'x' });
    const found = artefactsIn({
      a: ref('a'),
      b: [{ c: { d: ref('b') } }],
      e: null,
      f: 'sha256:…',
      g: { digest: 'x' },
    });
    expect(found).toEqual([ref('a'), ref('b')]);
  });
});

describe('input of the train command', () => {
  const base = { cache: true, param: [], actor: 'ada', reason: '' };
  test('paths become absolute, parameters are JSON where they can be', () => {
    const input = trainInput(
      {
        ...base,
        project: 'models/x',
        data: '../data',
        param: ['n=3', 'name=abc', 'list=[1]', 'eq=a=b'],
        seed: '5',
      },
      '/home/ada/work',
    );
    expect(input).toMatchObject({
      project: '/home/ada/work/models/x',
      data: '/home/ada/data',
      params: { n: 3, name: 'abc', list: [1], eq: 'a=b' },
      seed: 5,
      noCache: [],
    });
    expect(buildInputSchema.safeParse(input).success).toBe(true);
  });
  test('URLs stay; without a project it is the folder one stands in', () => {
    for (const project of ['https://git.example.com/a.git#b', 'git@example.com:a.git', 'file:///a#b'])
      expect(trainInput({ ...base, project }, '/x').project).toBe(project);
    expect(trainInput(base, '/x').project).toBe('/x');
    expect(trainInput({ ...base, pipeline: 'a@1' }, '/x').project).toBeUndefined();
  });
  test.each([
    [{ param: ['x'] }, /NAME=VALUE|not an assignment/],
    [{ seed: 'seven' }, /not a whole number/],
    [{ from: 'cooking' }, /expected one of checkout/],
    [{ redo: 'train,cooking' }, /cooking is not a step/],
    [{ project: 'a', pipeline: 'b@1' }, /not both/],
  ])('%j is refused', (over, message) => {
    expect(() => trainInput({ ...base, ...over }, '/x')).toThrow(message);
  });
  test('--no-cache and --redo', () => {
    expect(trainInput({ ...base, cache: false }, '/x').noCache).toEqual(['*']);
    expect(trainInput({ ...base, redo: 'train, evaluate' }, '/x').noCache).toEqual(['train', 'evaluate']);
  });
});

test('progress is a table that bars and line breaks cannot break', () => {
  const text = renderProgress('Build', '**x@1**', {
    stage: 'b',
    steps: [
      { name: 'a', status: 'done', seconds: 1.234, message: 'one | two\nthree' },
      { name: 'b', status: 'failed', seconds: null, message: 'x'.repeat(1000) },
    ],
    gates: [{ name: 'g', status: 'fail', observed: null, threshold: 3, n: 5, reason: 'bad' }],
  });
  expect(text).toContain('| ✔ | a | done | 1.2 | one \\| two three |');
  expect(text).toContain('| g | fail |  | 3 | 5 | bad |');
  expect(Math.max(...text.split('\n').map((l) => l.length))).toBeLessThan(400);
});
