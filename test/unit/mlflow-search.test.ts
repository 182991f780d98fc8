import { parseFilter } from '../../src/domain/tracking/filter.ts';
import { pageToken, parseOrder, parseSearch, readPageToken } from '../../src/domain/tracking/search.ts';
import { SearchProblem } from '../../src/domain/tracking/search-problem.ts';
import { SEARCHABLE } from '../../src/domain/tracking/searchable.ts';
import { artefactPath, safePath } from '../../src/domain/tracking/artefact-paths.ts';
import fc from '../support/properties.ts';

const runs = (text: string) => parseFilter(text, SEARCHABLE.runs);
const clause = (entity: string, key: string, comparator: string, value: unknown) => ({
  entity,
  key,
  comparator,
  value,
});

describe('a filter', () => {
  test.each([
    ['', []],
    ['  ', []],
    ['metrics.f1 > 0.9', [clause('metric', 'f1', '>', 0.9)]],
    ['metric.f1>=-1.5e-3', [clause('metric', 'f1', '>=', -0.0015)]],
    [
      "metrics.f1 > .5 and params.lr = '0.1' AND tags.team ILIKE 'a%'",
      [
        clause('metric', 'f1', '>', 0.5),
        clause('param', 'lr', '=', '0.1'),
        clause('tag', 'team', 'ILIKE', 'a%'),
      ],
    ],
    ["tags.mlflow.source.name = 'x'", [clause('tag', 'mlflow.source.name', '=', 'x')]],
    ['params.`learning rate/1` != "0.1"', [clause('param', 'learning rate/1', '!=', '0.1')]],
    ["params.\"a-b\" <> 'it''s'", [clause('param', 'a-b', '!=', "it's")]],
    ['attributes.run_id IN (\'a\', "b",)', [clause('attribute', 'run_id', 'IN', ['a', 'b'])]],
    ["run_id not in ('a')", [clause('attribute', 'run_id', 'NOT IN', ['a'])]],
    ['Created >= 1700000000000', [clause('attribute', 'start_time', '>=', 1_700_000_000_000)]],
    ["attributes.`Run name` like '%x_'", [clause('attribute', 'run_name', 'LIKE', '%x_')]],
    [
      'tags.a is null and params.b IS NOT NULL',
      [clause('tag', 'a', 'IS NULL', null), clause('param', 'b', 'IS NOT NULL', null)],
    ],
    ["datasets.context = 'train'", [clause('dataset', 'context', '=', 'train')]],
    ["tags.ключ = 'значение'", [clause('tag', 'ключ', '=', 'значение')]],
  ])('%s', (text, clauses) => {
    expect(runs(text)).toEqual(clauses);
  });

  test.each([
    ['metrics.f1 > 0.5 OR metrics.f1 < 1', /OR is not supported.*\(at character 18\)/],
    ["metrics.f1 > '0.5'", /Expected a number, found "0.5" \(at character 14\)/],
    ['params.lr = 0.1', /Expected a value in quotes, found "0.1" \(at character 13\)/],
    ["params.lr > '1'", /> cannot compare param "lr".*\(at character 11\)/],
    ["params.lr IN ('1')", /IN cannot compare param "lr"/],
    ["status IN ('FINISHED')", /IN cannot compare attribute "status"/],
    ['metrics.f1 IS NULL', /IS NULL cannot compare metric/],
    ["colour = 'red'", /There is no attribute "colour".*run_id.*\(at character 1\)/],
    ["colours.f1 = 'red'", /"colours" is not an entity.*\(at character 1\)/],
    ["constructor.a = 'b'", /"constructor" is not an entity/],
    ["constructor = 'b'", /There is no attribute "constructor"/],
    ["dataset.size = 'b'", /Datasets have no "size"/],
    ['metrics.f1', /Expected a comparator, found the end \(at character 11\)/],
    ['metrics.f1 >', /Expected a number, found the end/],
    ['metrics.f1 > 1 metrics.f2 > 1', /expected AND between clauses, found "metrics" \(at character 16\)/],
    ['metrics.f1 > 1 AND', /Expected a key, found the end/],
    ["tags.a = 'open", /The quote ' is not closed \(at character 10\)/],
    ['metrics.val-loss > 1', /Unexpected character "-"; .*backticks \(at character 12\)/],
    ['run_id IN ()', /Expected a value in quotes, found "\)"/],
    ["run_id IN ('a'", /Expected ",", found the end/],
    ["run_id = 'a'; drop table x", /Unexpected character ";"/],
    ['metrics.f1 > 1.2.3', /Unexpected character "1"|Expected a number/],
  ])('%s is refused with its place', (text, message) => {
    expect(() => runs(text)).toThrow(SearchProblem);
    expect(() => runs(text)).toThrow(message);
  });

  test('whatever is typed is either read or refused by a SearchProblem', () => {
    const words = fc.constantFrom(
      ...[
        'metrics',
        '.',
        'f1',
        '>',
        '0.5',
        "'x'",
        '`k`',
        'AND',
        'IN',
        '(',
        ')',
        ',',
        'NOT',
        'IS',
        'NULL',
        '-',
        '"',
      ],
    );
    const typed = fc.oneof(
      fc.string(),
      fc.array(words, { maxLength: 12 }).map((parts) => parts.join(' ')),
    );
    fc.assert(
      fc.property(typed, (text) => {
        try {
          return Array.isArray(runs(text));
        } catch (error) {
          return error instanceof SearchProblem;
        }
      }),
    );
  });

  test('each kind of search has its own keys', () => {
    expect(parseFilter("name LIKE 'pump%' AND tags.a = 'b'", SEARCHABLE.registeredModels)).toHaveLength(2);
    expect(parseFilter('version_number >= 3', SEARCHABLE.modelVersions)).toEqual([
      clause('attribute', 'version_number', '>=', 3),
    ]);
    expect(() => parseFilter('metrics.f1 > 1', SEARCHABLE.modelVersions)).toThrow(
      /This search has no metrics/,
    );
    expect(parseFilter('creation_time > 3', SEARCHABLE.loggedModels)[0]?.key).toBe('creation_timestamp');
  });
});

describe('an order', () => {
  test.each([
    ['metrics.f1 DESC', { entity: 'metric', key: 'f1', descending: true }],
    ['start_time', { entity: 'attribute', key: 'start_time', descending: false }],
    ['params.`a b` asc', { entity: 'param', key: 'a b', descending: false }],
  ])('%s', (text, order) => {
    expect(parseOrder(text, SEARCHABLE.runs)).toEqual(order);
  });

  test.each([
    ['metrics.f1 UP', /Expected ASC, DESC or the end, found "UP" \(at character 12\)/],
    ['colour', /cannot be ordered by attribute "colour"/],
    ['dataset.name', /cannot be ordered by dataset "name"/],
    ['', /Expected a key, found the end/],
  ])('%s is refused', (text, message) => {
    expect(() => parseOrder(text, SEARCHABLE.runs)).toThrow(message);
  });
});

test('pages follow each other by a token', () => {
  expect(readPageToken(undefined)).toBe(0);
  expect(readPageToken(pageToken(250))).toBe(250);
  expect(parseSearch({ page_token: pageToken(3), max_results: 7 }, SEARCHABLE.runs)).toEqual({
    clauses: [],
    order: [],
    offset: 3,
    limit: 7,
  });
  for (const token of ['x', btoa('{}'), btoa('{"offset":-1}'), btoa('{"offset":"1"}')])
    expect(() => readPageToken(token)).toThrow(SearchProblem);
});

test('paths stay below the artefact root', () => {
  expect(artefactPath('mlflow-artifacts:/1/r/artifacts/a b.txt')).toBe('1/r/artifacts/a b.txt');
  expect(safePath('a/b/')).toBe('a/b');
  for (const path of ['', '/', '/a', '..', 'a/../b', './a', 'a//b', 'a\\b', 'a\u0000', 'x'.repeat(2_001)])
    expect(safePath(path)).toBeUndefined();
  for (const uri of ['s3://bucket/a', 'mlflow-artifacts:/../a', 'file:///etc/passwd', 'runs:/1/a'])
    expect(artefactPath(uri)).toBeUndefined();
});
