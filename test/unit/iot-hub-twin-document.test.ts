import type { Json, JsonObject } from '../../stand-ins/iot-hub/json.ts';
import {
  checkTwinPart,
  diff,
  EMPTY_SECTION,
  mergePatch,
  patchSection,
} from '../../stand-ins/iot-hub/twin-document.ts';
import fc from '../support/properties.ts';

const NOW = { now: '2026-01-01T00:00:00Z', withVersion: true };

test('null deletes, objects merge, all else replaces', () => {
  expect(
    mergePatch({ a: 1, b: { c: 1, d: 2 }, e: [1, 2] }, { a: null, b: { d: null, f: 3 }, e: [3] }),
  ).toEqual({
    b: { c: 1, f: 3 },
    e: [3],
  });
});

const twin = fc.dictionary(
  fc.constantFrom('a', 'b', 'c'),
  fc.letrec<{ value: Json }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 3 },
      fc.integer(),
      fc.string(),
      fc.boolean(),
      fc.array(fc.integer(), { maxLength: 3 }),
      fc.dictionary(fc.constantFrom('x', 'y', 'z'), tie('value')),
    ),
  })).value,
) as fc.Arbitrary<JsonObject>;

test('the difference of two twins, merged into the first, gives the second', () => {
  fc.assert(
    fc.property(twin, twin, (from, to) => {
      expect(mergePatch(from, diff(from, to))).toEqual(to);
    }),
  );
});

test('equal twins have no difference', () => {
  fc.assert(fc.property(twin, (value) => expect(diff(value, structuredClone(value))).toEqual({})));
});

test('a patch raises the version and dates what it touched', () => {
  const first = patchSection(EMPTY_SECTION, { a: { b: 1 }, c: 2 }, NOW);
  const second = patchSection(
    first,
    { a: { b: 5 }, c: null },
    { now: '2026-01-02T00:00:00Z', withVersion: true },
  );
  expect(second.version).toBe(3);
  expect(second.values).toEqual({ a: { b: 5 } });
  expect(second.metadata).toEqual({
    $lastUpdated: '2026-01-02T00:00:00Z',
    $lastUpdatedVersion: 3,
    a: {
      $lastUpdated: '2026-01-02T00:00:00Z',
      $lastUpdatedVersion: 3,
      b: { $lastUpdated: '2026-01-02T00:00:00Z', $lastUpdatedVersion: 3 },
    },
  });
});

test.each<[string, JsonObject, string]>([
  ['too large', { text: 'x'.repeat(4000), more: 'y'.repeat(4000), rest: 'z'.repeat(400) }, 'at most 8192'],
  ['a long string', { text: 'x'.repeat(4097) }, 'longer than 4096'],
  ['a dot in a key', { 'a.b': 1 }, 'do not allow'],
  ['a dollar in a key', { $a: 1 }, 'do not allow'],
  ['a space in a key', { 'a b': 1 }, 'do not allow'],
  ['a huge integer', { a: 2 ** 53 }, 'integer beyond'],
  ['deep nesting', JSON.parse(`${'{"a":'.repeat(12)}1${'}'.repeat(12)}`) as JsonObject, 'deeper than 10'],
])('refuses %s', (_name, values, reason) => {
  expect(() => checkTwinPart('tags', values)).toThrow(reason);
});

test('allows what just fits', () => {
  expect(() => checkTwinPart('tags', { a: 'x'.repeat(4090), b: 'y'.repeat(4090) })).not.toThrow();
});
