import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { digestOf, jsonBlob } from '../../src/base/digest.ts';
import { createOciLayoutStore } from '../../src/adapters/oci/layout-store.ts';
import { createLayerCache } from '../../src/adapters/oci/layer-cache.ts';
import { OCI } from '../../src/adapters/oci/media-types.ts';

let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'windlass-layout-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const index = (words: string) => ({ ...jsonBlob({ schemaVersion: 2, words }), mediaType: OCI.index });

describe('OCI layout folder', () => {
  test('twenty names written at once are all listed, and a name moves to its newest image', async () => {
    const store = createOciLayoutStore(dir);
    await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        createOciLayoutStore(dir).putManifest('localhost/windlass/pump', {
          ...index(`image ${i}`),
          tag: `${i}`,
        }),
      ),
    );
    expect(await store.images()).toHaveLength(20);
    await store.putManifest('localhost/windlass/pump', { ...index('newer'), tag: '3' });
    const images = await store.images();
    expect(images).toHaveLength(20);
    expect(images.find((i) => i.name.endsWith(':3'))?.digest).toBe(index('newer').digest);
    expect(existsSync(join(dir, 'index.json.lock'))).toBe(false);
  });

  test('bytes with another digest are refused, as blob and as manifest', async () => {
    const store = createOciLayoutStore(dir);
    writeFileSync(join(dir, 'file'), 'bytes');
    await expect(store.putBlob(digestOf('others'), join(dir, 'file'))).rejects.toMatchObject({
      code: 'ARTEFACT_CORRUPT',
    });
    await expect(store.putManifest('r', { ...index('a'), digest: digestOf('b') })).rejects.toMatchObject({
      code: 'ARTEFACT_CORRUPT',
    });
    await store.putBlob(digestOf('bytes'), join(dir, 'file'));
    expect(readFileSync(await store.blobPath(digestOf('bytes')), 'utf8')).toBe('bytes');
    await expect(store.blobPath(digestOf('none'))).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(store.blobPath('sha256:../../etc/passwd')).rejects.toMatchObject({ code: 'INPUT_INVALID' });
  });

  test('what a killed worker left is removed after six hours, not before', async () => {
    const store = createOciLayoutStore(dir);
    mkdirSync(store.scratch, { recursive: true });
    const now = new Date('2026-05-01T12:00:00Z');
    const at = (name: string, hours: number): void => {
      writeFileSync(join(store.scratch, name), '');
      const time = new Date(now.getTime() - hours * 3_600_000);
      utimesSync(join(store.scratch, name), time, time);
    };
    at('old.part', 7);
    at('young.part', 5);
    expect(await store.tidy(now)).toBe(1);
    expect([
      existsSync(join(store.scratch, 'old.part')),
      existsSync(join(store.scratch, 'young.part')),
    ]).toEqual([false, true]);
  });
});

describe('layer cache', () => {
  const entries = [{ type: 'file' as const, path: 'a', content: Buffer.from('a') }];

  test('a layer is made once; a damaged record or a lost blob means it is made again, the same', async () => {
    const store = createOciLayoutStore(dir);
    const cache = createLayerCache(store);
    const first = await cache.layerOf(entries);
    expect(await cache.layerOf(entries)).toEqual({ ...first, reused: true });
    writeFileSync(join(dir, 'cache', `${first.key.slice(7)}.json`), '[{"digest":"nonsense"}]');
    expect(await cache.layerOf(entries)).toEqual(first);
    rmSync(await store.blobPath(first.layer.digest));
    expect(await cache.layerOf(entries)).toEqual(first);
    expect(await store.hasBlob(first.layer.digest)).toBe(true);
  });
});
