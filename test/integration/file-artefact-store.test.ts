import { createHash } from 'node:crypto';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { createFileArtefactStore } from '../../src/adapters/blob/file-artefact-store.ts';

let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'windlass-artefacts-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const digestOf = (bytes: string | Buffer): string =>
  `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

function fileOf(digest: string): string {
  return join(dir, 'store', 'sha256', digest.slice(7, 9), digest.slice(9));
}

describe('folder as artefact store', () => {
  test('a put comes back the same, named by its digest, with its media type', async () => {
    const store = createFileArtefactStore(join(dir, 'store'));
    const ref = await store.put('hello', 'text/plain');
    expect(ref).toEqual({ digest: digestOf('hello'), size: 5, mediaType: 'text/plain' });
    expect((await store.read(ref.digest)).toString()).toBe('hello');
    expect((await buffer(await store.stream(ref.digest))).toString()).toBe('hello');
    expect(await store.stat(ref.digest)).toEqual(ref);
    expect(await store.has(ref.digest)).toBe(true);
    expect(await store.has(digestOf('other'))).toBe(false);
    expect(await store.stat(digestOf('other'))).toBeUndefined();
  });

  test('a file larger than a stream chunk, and the empty file', async () => {
    const store = createFileArtefactStore(join(dir, 'store'));
    const bytes = Buffer.alloc(300_000, 'windlass');
    writeFileSync(join(dir, 'big'), bytes);
    writeFileSync(join(dir, 'empty'), '');
    const big = await store.putFile(join(dir, 'big'), 'application/octet-stream');
    const empty = await store.putFile(join(dir, 'empty'), 'application/octet-stream');
    expect([big.digest, big.size, empty.digest, empty.size]).toEqual([
      digestOf(bytes),
      300_000,
      digestOf(''),
      0,
    ]);
    await store.toFile(big.digest, join(dir, 'deep', 'copy'));
    expect(readFileSync(join(dir, 'deep', 'copy')).equals(bytes)).toBe(true);
  });

  test('what is written from the store is a file of its own: changing it leaves the artefact whole', async () => {
    const store = createFileArtefactStore(join(dir, 'store'));
    const ref = await store.put('kept', 'text/plain');
    await store.toFile(ref.digest, join(dir, 'copy'));
    writeFileSync(join(dir, 'copy'), 'changed');
    expect((await store.read(ref.digest)).toString()).toBe('kept');
  });

  test('fifty puts of ten contents at once leave ten files and nothing half-written', async () => {
    const store = createFileArtefactStore(join(dir, 'store'));
    const refs = await Promise.all(
      Array.from({ length: 50 }, (_, i) => store.put(`content ${i % 10}`, 'text/plain')),
    );
    expect(new Set(refs.map((r) => r.digest)).size).toBe(10);
    expect(readdirSync(join(dir, 'store', 'tmp'))).toEqual([]);
    for (const [i, ref] of refs.entries())
      expect((await store.read(ref.digest)).toString()).toBe(`content ${i % 10}`);
  });

  test('changed bytes are refused by every way of reading, and nothing is written', async () => {
    const store = createFileArtefactStore(join(dir, 'store'));
    const ref = await store.put('hello', 'text/plain');
    chmodSync(fileOf(ref.digest), 0o644);
    writeFileSync(fileOf(ref.digest), 'hellO');
    await expect(store.read(ref.digest)).rejects.toMatchObject({ code: 'ARTEFACT_CORRUPT' });
    await expect(store.stream(ref.digest).then(buffer)).rejects.toMatchObject({ code: 'ARTEFACT_CORRUPT' });
    await expect(store.toFile(ref.digest, join(dir, 'copy'))).rejects.toMatchObject({
      code: 'ARTEFACT_CORRUPT',
    });
    expect(readdirSync(dir)).toEqual(['store']);
  });

  test('a cut-off artefact is put whole again by the next put', async () => {
    const store = createFileArtefactStore(join(dir, 'store'));
    const ref = await store.put('hello', 'text/plain');
    chmodSync(fileOf(ref.digest), 0o644);
    writeFileSync(fileOf(ref.digest), 'hel');
    await store.put('hello', 'text/plain');
    expect((await store.read(ref.digest)).toString()).toBe('hello');
  });

  test('a missing artefact, a path as digest and a missing source file are clear errors', async () => {
    const store = createFileArtefactStore(join(dir, 'store'));
    const none = digestOf('none');
    await store.put('another', 'text/plain');
    await expect(store.read(none)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(store.stream(none)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(store.toFile(none, join(dir, 'copy'))).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(store.read('sha256:../../../etc/passwd')).rejects.toMatchObject({ code: 'INPUT_INVALID' });
    await expect(store.putFile(join(dir, 'none'), 'text/plain')).rejects.toMatchObject({ code: 'ENOENT' });
    expect(readdirSync(join(dir, 'store', 'tmp'))).toEqual([]);
  });
});
