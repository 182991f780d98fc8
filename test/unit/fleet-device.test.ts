import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readDesiredConfig } from '../../stand-ins/fleet/desired-config.ts';
import { deviceSpecs, ownPlatform } from '../../stand-ins/fleet/factory.ts';
import { createImagePuller } from '../../stand-ins/fleet/image-puller.ts';
import { diffPatch, mergePatch, type JsonObject } from '../../stand-ins/fleet/json.ts';
import { parseFleetOptions } from '../../stand-ins/fleet/options.ts';
import { PullError } from '../../stand-ins/fleet/pull-error.ts';
import { afterExit, coolOffSeconds } from '../../stand-ins/fleet/restart-policy.ts';
import { baseDeployment } from '../../src/adapters/iot-hub/deployment-content.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { writeTinyImage } from '../support/tiny-image.ts';
import fc from '../support/properties.ts';

const folders: ReturnType<typeof tempFolder>[] = [];
afterAll(() => folders.forEach((folder) => folder.remove()));
const newFolder = (): string => {
  const folder = tempFolder('images');
  folders.push(folder);
  return folder.path;
};

describe('twin patches', () => {
  const document = fc.letrec<{ node: JsonObject; value: unknown }>((tie) => ({
    node: fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd'), tie('value')) as fc.Arbitrary<JsonObject>,
    value: fc.oneof(
      { maxDepth: 3 },
      fc.integer(),
      fc.string(),
      fc.boolean(),
      fc.array(fc.integer()),
      tie('node'),
    ),
  })).node;

  test('the difference of two documents, applied to the first, gives the second', () => {
    fc.assert(
      fc.property(document, document, (a, b) => {
        expect({ ...mergePatch(a, diffPatch(a, b)) }).toEqual({ ...b });
      }),
    );
  });

  test('equal documents have no difference, whatever the order of their keys', () => {
    expect(diffPatch({ a: 1, b: { c: [1] } }, { b: { c: [1] }, a: 1 })).toEqual({});
  });
});

describe('desired configuration', () => {
  const base = {
    ...(baseDeployment()['$edgeAgent'] as { 'properties.desired': JsonObject })['properties.desired'],
  };

  test('the base deployment has no scorer', () => {
    expect(readDesiredConfig({ ...base, $version: 2 })).toMatchObject({ ok: true, scorer: undefined });
  });

  test.each([
    ['nothing', { $version: 1, $metadata: {} }, 417],
    ['an unknown schema', { ...base, schemaVersion: '2.0' }, 412],
    ['no runtime', { ...base, runtime: undefined }, 400],
    ['a module without an image', { ...base, modules: { scorer: { type: 'docker', settings: {} } } }, 400],
  ])('%s gets the status code of its own', (_, desired, code) => {
    expect(readDesiredConfig(desired)).toMatchObject({ ok: false, status: { code } });
  });
});

test('the pause before a restart doubles from ten seconds to five minutes; after twenty restarts it is over', () => {
  expect([0, 1, 2, 4, 5, 20].map(coolOffSeconds)).toEqual([10, 20, 40, 160, 300, 300]);
  expect([afterExit('always', 19), afterExit('always', 20), afterExit('never', 0)]).toEqual([
    'backoff',
    'failed',
    'stopped',
  ]);
});

describe('the factory', () => {
  test('equal seeds give equal fleets, other seeds others', () => {
    expect(deviceSpecs(40, 7)).toEqual(deviceSpecs(40, 7));
    expect(deviceSpecs(40, 7)).not.toEqual(deviceSpecs(40, 8));
    // a bigger fleet keeps its first pumps
    expect(deviceSpecs(60, 7).slice(0, 40)).toEqual(deviceSpecs(40, 7));
  });

  test('pairs share a site and a redundancy group; all links occur', () => {
    const specs = deviceSpecs(200, 7);
    const groups = Map.groupBy(specs, (spec) => spec.tags.redundancyGroup);
    expect([...groups.values()].every((pair) => pair.length === 2)).toBe(true);
    expect([...groups.values()].every(([a, b]) => a?.tags.site === b?.tags.site)).toBe(true);
    const links = Map.groupBy(specs, (spec) => spec.tags.link);
    expect(links.get('lan')!.length).toBeGreaterThan(links.get('lte')!.length);
    expect(links.get('lte')!.length).toBeGreaterThan(links.get('satellite')!.length);
    expect(new Set(specs.map((spec) => spec.tags.site)).size).toBe(4);
  });
});

describe('pulling', () => {
  test('an index leads to the files of the model and the entry script', async () => {
    const [images, cache] = [newFolder(), newFolder()];
    const { reference, model } = await writeTinyImage(images);
    const { folder } = await createImagePuller(images, cache).pull(reference, ownPlatform());
    const manifest = JSON.parse(await readFile(join(folder, 'windlass/model/model.json'), 'utf8')) as {
      digest: string;
    };
    expect(manifest.digest).toBe(model.digest);
    expect(await readFile(join(folder, 'windlass/entry/entry.js'), 'utf8')).toContain(
      'export async function run',
    );
  });

  test('layers that two versions share are fetched once', async () => {
    const [images, cache] = [newFolder(), newFolder()];
    const first = await writeTinyImage(images, { version: '1' });
    const second = await writeTinyImage(images, { version: '2', gain: 3 });
    expect(second.layers.slice(0, 2)).toEqual(first.layers.slice(0, 2));
    const puller = createImagePuller(images, cache);
    await puller.pull(first.reference, ownPlatform());
    // The registry's copy of the shared layers may be gone: the device has them.
    for (const layer of first.layers.slice(0, 2))
      await writeFile(join(images, 'blobs/sha256', layer.slice(7)), '');
    await expect(puller.pull(second.reference, ownPlatform())).resolves.toMatchObject({
      imageHash: /^sha256:/,
    });
  });

  test('a layer with altered bytes is refused, and leaves nothing behind', async () => {
    const [images, cache] = [newFolder(), newFolder()];
    const { reference, layers } = await writeTinyImage(images);
    const blob = join(images, 'blobs/sha256', layers[2]!.slice(7));
    const good = await readFile(blob);
    await appendFile(blob, 'x');
    const puller = createImagePuller(images, cache);
    await expect(puller.pull(reference, ownPlatform())).rejects.toThrow(PullError);
    await writeFile(blob, good);
    await expect(puller.pull(reference, ownPlatform())).resolves.toBeDefined();
  });

  test.each([
    [
      'another platform',
      (reference: string) => reference,
      'linux/s390x',
      /no matching manifest for linux\/s390x/,
    ],
    ['an unknown digest', () => `repo@sha256:${'1'.repeat(64)}`, ownPlatform(), /manifest unknown/],
    ['a tag', () => 'repo:latest', ownPlatform(), /invalid reference format/],
  ])('%s is refused with a reason', async (_, change, platform, message) => {
    const images = newFolder();
    const { reference } = await writeTinyImage(images);
    const pulling = createImagePuller(images, newFolder()).pull(change(reference), platform);
    await expect(pulling).rejects.toThrow(message);
  });
});

describe('command line', () => {
  const needed = ['--images', '/i', '--state', '/s'];
  const connection = 'HostName=h;SharedAccessKeyName=p;SharedAccessKey=k';

  test('a connection string with ports', () => {
    const args = [
      '--hub-connection-string',
      connection,
      '--hub-mqtt-port',
      '1234',
      '--devices',
      '3',
      ...needed,
    ];
    expect(parseFleetOptions(args)).toMatchObject({
      devices: 3,
      speed: 60,
      hub: { hostname: 'h', policy: 'p', key: 'k', httpsPort: 443, mqttPort: 1234 },
    });
  });

  test("the file may hold the hub's ready line", async () => {
    const file = join(newFolder(), 'hub.json');
    await writeFile(file, JSON.stringify({ ready: true, https: 1, mqtt: 2, connectionString: connection }));
    const { hub } = parseFleetOptions(['--hub-connection-string-file', file, ...needed]);
    expect(hub).toMatchObject({ httpsPort: 1, mqttPort: 2 });
  });

  test.each([
    [['--hub-connection-string', connection, '--devices', '0', ...needed], /--devices/],
    [[...needed], /give one of/],
    [['--hub-connection-string', 'HostName=h', ...needed], /no SharedAccessKeyName/],
    [['--hub-connection-string', connection, '--images', '/i'], /--state/],
  ])('%j is refused', (args, message) => {
    expect(() => parseFleetOptions(args)).toThrow(message);
  });
});
