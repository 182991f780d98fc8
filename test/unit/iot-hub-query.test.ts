import type { JsonObject } from '../../stand-ins/iot-hub/json.ts';
import { evaluate } from '../../stand-ins/iot-hub/query-evaluator.ts';
import { parseQuery } from '../../stand-ins/iot-hub/query-parser.ts';

const DEVICES: JsonObject[] = [
  device('p1', { site: 'north', windlass: { scorer: 'health-1' } }, { temp: 10, name: 'a' }),
  device('p2', { site: 'south', windlass: { scorer: 'health-2' } }, { temp: 20, flag: true }),
  device('p3', { site: 'north' }, { temp: 30, last: null, 'dashed-key': 1 }),
];

function device(deviceId: string, tags: JsonObject, reported: JsonObject): JsonObject {
  return { deviceId, tags, connectionState: 'Connected', properties: { reported, desired: { $version: 3 } } };
}

const ids = (where: string): unknown[] =>
  [...evaluate(parseQuery(`SELECT deviceId FROM devices WHERE ${where}`), DEVICES)].map(
    (row) => row['deviceId'],
  );

test.each([
  ["tags.site = 'north'", ['p1', 'p3']],
  ['tags.site = "north"', ['p1', 'p3']],
  ["tags.site != 'north'", ['p2']],
  ["tags.site <> 'north'", ['p2']],
  ["tags.windlass.scorer = 'health-2'", ['p2']],
  ['properties.reported.temp > 10', ['p2', 'p3']],
  ['properties.reported.temp >= 10 AND properties.reported.temp < 30', ['p1', 'p2']],
  ['properties.reported.temp <= 10 OR properties.reported.temp = 30', ['p1', 'p3']],
  ["tags.site IN ['south', 'east']", ['p2']],
  ["tags.site NIN ['south', 'east']", ['p1', 'p3']],
  ['is_defined(tags.windlass)', ['p1', 'p2']],
  ['NOT is_defined(tags.windlass.scorer)', ['p3']],
  ["STARTSWITH(deviceId, 'p')", ['p1', 'p2', 'p3']],
  ["starts_with(tags.windlass.scorer, 'health-1')", ['p1']],
  ['properties.reported.flag = true', ['p2']],
  ['properties.reported.last = null', ['p3']],
  ['properties.reported.[[dashed-key]] = 1', ['p3']],
  ["properties.reported['dashed-key'] = 1", ['p3']],
  ['properties.desired.$version = 3', ['p1', 'p2', 'p3']],
  ['properties.desired.$version = properties.reported.temp', []],
  ["(tags.site = 'north' OR tags.site = 'south') AND NOT properties.reported.temp = 20", ['p1', 'p3']],
])('finds %s', (where, expected) => {
  expect(ids(where)).toEqual(expected);
});

test('a comparison with an absent property is neither true nor false, as in the hub', () => {
  expect(ids("tags.windlass.scorer = 'health-1'")).toEqual(['p1']);
  expect(ids("tags.windlass.scorer != 'health-1'")).toEqual(['p2']);
  expect(ids("NOT (tags.windlass.scorer = 'health-1')")).toEqual(['p2']);
  expect(ids("NOT (tags.windlass.scorer = 'x') OR tags.site = 'north'")).toEqual(['p1', 'p2', 'p3']);
});

test('AND binds closer than OR', () => {
  expect(ids("tags.site = 'south' OR tags.site = 'north' AND properties.reported.temp = 30")).toEqual([
    'p2',
    'p3',
  ]);
});

test('selects fields under their last name or an alias, and leaves absent ones out', () => {
  const query = parseQuery(
    'SELECT deviceId, tags.windlass.scorer, properties.reported.temp AS t FROM devices',
  );
  expect([...evaluate(query, DEVICES)]).toEqual([
    { deviceId: 'p1', scorer: 'health-1', t: 10 },
    { deviceId: 'p2', scorer: 'health-2', t: 20 },
    { deviceId: 'p3', t: 30 },
  ]);
});

test('counts all, and per group', () => {
  expect([...evaluate(parseQuery('SELECT COUNT() AS n FROM devices'), DEVICES)]).toEqual([{ n: 3 }]);
  expect([...evaluate(parseQuery("SELECT COUNT() AS n FROM devices WHERE deviceId = 'x'"), DEVICES)]).toEqual(
    [{ n: 0 }],
  );
  const grouped = parseQuery('SELECT tags.site AS site, COUNT() AS n FROM devices GROUP BY tags.site');
  expect([...evaluate(grouped, DEVICES)]).toEqual([
    { site: 'north', n: 2 },
    { site: 'south', n: 1 },
  ]);
});

test('TOP limits the rows', () => {
  expect([...evaluate(parseQuery('SELECT TOP 2 deviceId FROM devices'), DEVICES)]).toHaveLength(2);
});

test.each([
  ['SELECT * FROM', 'expected a property'],
  ['SELECT FROM devices', 'expected'],
  ['SELECT * FROM devices.jobs', 'not supported'],
  ['SELECT * FROM devices WHERE tags.a =', 'expected a property'],
  ['SELECT * FROM devices WHERE tags.a', 'expected a comparison'],
  ["SELECT * FROM devices WHERE tags.a = 'x' extra", 'unexpected "extra"'],
  ["SELECT * FROM devices WHERE tags.a = 'unclosed", 'unexpected'],
  ['SELECT * FROM devices WHERE upper(tags.a) = 1', 'function upper is not supported'],
  ['SELECT * FROM devices WHERE tags.dashed-key = 1', 'unexpected'],
  ['SELECT AVG(tags.a) FROM devices', 'aggregate AVG is not supported'],
  ['SELECT deviceId, COUNT() AS n FROM devices', 'GROUP BY'],
  ['DELETE FROM devices', 'expected SELECT'],
])('refuses %s', (text, reason) => {
  expect(() => parseQuery(text)).toThrow(reason);
});
