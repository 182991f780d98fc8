import { HISTORY_LENGTH, withLoggedModel } from '../../src/domain/tracking/model-history.ts';

const model = (path: string, words = '') => ({ artifact_path: path, words });

test('a model that is logged again at its path takes the place of the earlier one, and is the newest', () => {
  const once = withLoggedModel([model('a', 'first'), model('b'), 'no model'], model('a', 'second'));
  expect(once).toEqual([model('b'), 'no model', model('a', 'second')]);
  const nameless = { words: 'has no path' };
  expect(withLoggedModel([nameless], nameless)).toEqual([nameless, nameless]);
});

test('the list never grows beyond its length: the oldest go, the newest stays', () => {
  let list: readonly unknown[] = [];
  const long = 'x'.repeat(HISTORY_LENGTH / 5);
  for (let i = 0; i < 12; i += 1) list = withLoggedModel(list, model(`epoch-${i}`, long));
  expect(JSON.stringify(list).length).toBeLessThanOrEqual(HISTORY_LENGTH);
  expect(list.map((entry) => (entry as { artifact_path: string }).artifact_path)).toEqual([
    ...['epoch-8', 'epoch-9', 'epoch-10', 'epoch-11'],
  ]);
});
