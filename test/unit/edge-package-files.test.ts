import { isBuiltin } from 'node:module';
import { join } from 'node:path';
import { EDGE_SERVER } from '../../edge/package-files.ts';
import { keyOfEntries } from '../../src/adapters/oci/layer-cache.ts';
import { bundleServer } from '../../src/adapters/oci/server-bundle.ts';
import { IMAGE_LAYOUT } from '../../src/contracts/device/model-manifest.ts';

const ROOT = join(import.meta.dirname, '../..');
const textOf = (content: unknown): string => Buffer.from(content as Uint8Array).toString('utf8');

test('the server of an image is a few modules that need nothing but Node, each other and the packages beside them', async () => {
  const entries = await bundleServer({ root: ROOT, ...EDGE_SERVER });
  const files = new Map(entries.map((e) => [e.path, e.type === 'file' ? textOf(e.content) : '']));
  const modules = [...files].filter(([path]) => path.endsWith('.js'));
  expect(files.has(IMAGE_LAYOUT.server)).toBe(true);
  expect(modules.length).toBeLessThan(30);
  const imported = modules.flatMap(([, text]) =>
    [...text.matchAll(/^(?:import|export) .*?from "([^"]+)";|^import "([^"]+)";/gm)].map(
      (m) => m[1] ?? m[2] ?? '',
    ),
  );
  const outside = imported.filter((name) => !name.startsWith('./') && !isBuiltin(name));
  expect([...new Set(outside)]).toEqual([...EDGE_SERVER.packages]);
  // The hub's client is loaded only by a module that has a hub.
  expect(files.get(IMAGE_LAYOUT.server)).not.toContain('node_modules/azure-iot-device/');
  expect(modules.some(([, text]) => text.includes('node_modules/azure-iot-device/'))).toBe(true);
  expect(files.get('windlass/server/LICENSES.txt')).toMatch(/azure-iot-device 1\.[\s\S]*zod 4\./);
  expect([...files.values()].join('')).not.toContain(ROOT);
});

test('the same sources give the same bytes, and a main file that is not there is named', async () => {
  const keys = [0, 1].map(async () => keyOfEntries(await bundleServer({ root: ROOT, ...EDGE_SERVER })));
  const [first, second] = await Promise.all(keys);
  expect(first).toBe(second);
  await expect(bundleServer({ root: ROOT, ...EDGE_SERVER, entry: 'edge/nowhere.ts' })).rejects.toMatchObject({
    code: 'PACKAGING_FAILED',
    message: expect.stringMatching(/edge\/nowhere\.ts/) as unknown,
  });
});
