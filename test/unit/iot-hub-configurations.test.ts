import {
  chooseDeployments,
  composeDevice,
  composeModules,
  readContent,
  type Configuration,
} from '../../stand-ins/iot-hub/configuration-content.ts';
import type { JsonObject } from '../../stand-ins/iot-hub/json.ts';

function configuration(
  id: string,
  priority: number,
  content: { modules?: Record<string, JsonObject>; device?: JsonObject; created?: string },
): Configuration {
  return {
    id,
    etag: '',
    labels: {},
    modulesContent: content.modules ?? null,
    deviceContent: content.device ?? null,
    targetCondition: '*',
    priority,
    metricQueries: {},
    createdTimeUtc: content.created ?? '2026-01-01T00:00:00Z',
    lastUpdatedTimeUtc: '',
  };
}

const base = (id: string, priority: number, modules: JsonObject = {}): Configuration =>
  configuration(id, priority, {
    modules: { $edgeAgent: { 'properties.desired': { schemaVersion: '1.1', modules } } },
  });
const layer = (id: string, priority: number, image: string): Configuration =>
  configuration(id, priority, {
    modules: { $edgeAgent: { 'properties.desired.modules.scorer': { settings: { image } } } },
  });

test('the base of the highest priority counts, with the layers above it', () => {
  const all = [
    base('low', 1),
    base('high', 5),
    layer('under', 3, 'a'),
    layer('over', 10, 'b'),
    layer('top', 20, 'c'),
  ];
  expect(chooseDeployments(all).map((c) => c.id)).toEqual(['high', 'over', 'top']);
});

test('without a base no layer applies', () => {
  expect(chooseDeployments([layer('only', 10, 'a')])).toEqual([]);
});

test('of two bases with one priority the younger counts', () => {
  const older = { ...base('older', 5), createdTimeUtc: '2026-01-01T00:00:00Z' };
  const younger = { ...base('younger', 5), createdTimeUtc: '2026-02-01T00:00:00Z' };
  expect(chooseDeployments([younger, older]).map((c) => c.id)).toEqual(['younger']);
});

test('layers add to the base, and the higher one wins', () => {
  const chosen = [
    base('base', 0, { other: { settings: { image: 'o' } } }),
    layer('v1', 10, 'a'),
    layer('v2', 20, 'b'),
  ];
  expect(composeModules(chosen).get('$edgeAgent')).toEqual({
    whole: true,
    desired: {
      schemaVersion: '1.1',
      modules: { other: { settings: { image: 'o' } }, scorer: { settings: { image: 'b' } } },
    },
    paths: ['modules.scorer'],
  });
});

test('a layer may bring the whole of a module of its own, and others add paths to it', () => {
  const whole = configuration('whole', 10, {
    modules: { scorer: { 'properties.desired': { a: 1, b: { c: 2 } } } },
  });
  const part = configuration('part', 20, { modules: { scorer: { 'properties.desired.b.d': 3 } } });
  expect(composeModules([whole, part]).get('scorer')?.desired).toEqual({ a: 1, b: { c: 2, d: 3 } });
  const onlyPart = composeModules([part]).get('scorer');
  expect(onlyPart).toEqual({ whole: false, desired: { b: { d: 3 } }, paths: ['b.d'] });
});

test('composing leaves the configurations as they are', () => {
  const b = base('base', 0);
  const before = JSON.stringify(b);
  composeModules([b, layer('v1', 10, 'a')]);
  expect(JSON.stringify(b)).toBe(before);
});

test('device content: the higher priority wins path by path', () => {
  const one = configuration('one', 1, { device: { 'properties.desired.a': 1, 'properties.desired.b': 1 } });
  const two = configuration('two', 2, { device: { 'properties.desired.b': 2 } });
  expect(composeDevice([two, one]).desired).toEqual({ a: 1, b: 2 });
});

test.each([
  [{ modulesContent: { scorer: { wrong: 1 } } }, "scorer['wrong']"],
  [{ modulesContent: { scorer: { 'properties.desired': 5 } } }, "['properties.desired']: expected an object"],
  [{ modulesContent: { scorer: 1 } }, 'modulesContent.scorer: expected an object'],
  [{ modulesContent: {}, deviceContent: {} }, 'either modulesContent or deviceContent'],
  [{ other: {} }, 'content.other: unknown'],
  [{ moduleContent: {} }, 'moduleContent: not supported'],
  ['text', 'content: expected an object'],
])('refuses the content %j', (content, reason) => {
  expect(() => readContent(content)).toThrow(reason);
});
