import { z } from 'zod';
import { resolveInput } from '../../activities/shared/resolve-input.ts';
import type { InputName } from '../../activities/shared/resolve-input.ts';
import { parseInput } from '../../src/errors/parse-input.ts';
import { WindlassError } from '../../src/errors/windlass-error.ts';

function problemOf(name: InputName, raw: unknown): WindlassError {
  try {
    resolveInput(name, raw);
  } catch (error) {
    if (error instanceof WindlassError) return error;
  }
  throw new Error('expected a WindlassError');
}

test.each([undefined, null, {}])('%j is completed with every default', (raw) => {
  expect(resolveInput('buildAndTrain', raw)).toEqual({
    project: 'examples/pump-health',
    ref: 'HEAD',
    params: {},
    allowDirty: false,
    noCache: [],
    actor: 'engineer',
    reason: '',
  });
  expect(resolveInput('packageAndDeploy', raw).rollout.rings.map((r) => r.percent)).toEqual([10, 25, 100]);
  expect(resolveInput('monitorAndRetrain', raw)).toMatchObject({ model: 'pump-health', force: false });
});

test('given fields are kept', () => {
  expect(
    resolveInput('packageAndDeploy', { model: 'pump-health@3', rollout: { soakSeconds: 0 } }),
  ).toMatchObject({ model: 'pump-health@3', rollout: { soakSeconds: 0, successThreshold: 0.95 } });
});

test('every wrong field is listed with what was expected, what was given, and an example', () => {
  const error = problemOf('buildAndTrain', {
    project: 7,
    pipeline: 'pump-health',
    seed: -1,
    from: 'trian',
    allowDirty: 'yes',
    deploy: { policy: 'sometimes' },
  });
  expect(error.code).toBe('INPUT_INVALID');
  expect(error.message).toBe(
    [
      'The input of buildAndTrain is not valid:',
      '- project: expected string, got 7',
      '- pipeline: expected name@version, e.g. "pump-health@3", got "pump-health"',
      '- seed: Too small: expected number to be >=0, got -1',
      '- allowDirty: expected boolean, got "yes"',
      '- from: expected one of "checkout"|"environment"|"checks"|"publish"|"snapshot"|"data-gates"|"search"|"train"|"model-gates"|"evaluate"|"optimise"|"explain"|"compare"|"register", got "trian"',
      '- deploy.policy: expected one of "auto"|"approval"|"never", got "sometimes"',
      'Example: {"project":"examples/pump-health","ref":"HEAD","data":"data/pumps"}',
    ].join('\n'),
  );
  expect(error.details).toMatchObject({ example: { ref: 'HEAD' } });
});

test.each<[InputName, unknown, string]>([
  ['buildAndTrain', { projct: 'x' }, '- projct: there is no such field; did you mean "project"?'],
  [
    'packageAndDeploy',
    { rollout: { soakSecond: 1 } },
    '- rollout.soakSecond: there is no such field; did you mean "soakSeconds"?',
  ],
  [
    'packageAndDeploy',
    { rollout: { rings: [{ name: 'a', percent: 100, share: 1 }] } },
    '- rollout.rings.0.share: there is no such field; the fields are name, percent',
  ],
  [
    'packageAndDeploy',
    { rollout: { rings: [{ name: 'a', percent: 50 }] } },
    '- rollout.rings: the last ring must be 100 percent',
  ],
  ['monitorAndRetrain', { whatever: 1 }, '- whatever: there is no such field; the fields are model, data'],
  ['newData', {}, '- data: expected string, got nothing'],
  ['buildAndTrain', [], '- (input): expected one JSON object, got []'],
  [
    'buildAndTrain',
    'examples/pump-health',
    '- (input): expected one JSON object, got "examples/pump-health"',
  ],
])('%s with %j says: %s', (name, raw, line) => {
  expect(problemOf(name, raw).message).toContain(line);
});

test('a value of YAML that contains itself is a wrong field like any other', () => {
  const value: unknown[] = [];
  value.push(value);
  expect(() =>
    parseInput(z.object({ description: z.string() }), { description: value }, { what: 'x' }),
  ).toThrow(/description: expected string, got a value that contains itself/);
});
