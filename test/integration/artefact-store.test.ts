import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { BlobServiceClient } from '@azure/storage-blob';
import { openArtefactStore } from '../../src/adapters/blob/open-artefact-store.ts';
import type { ArtefactStore } from '../../src/ports/artefact-store.ts';
import { AZURITE_ACCOUNT, noAzurite, startAzurite } from '../support/azurite.ts';
import type { Azurite } from '../support/azurite.ts';
import { testUnless } from '../support/unless.ts';

let azurite: Azurite | undefined;
let dir = '';
let containers = 0;
beforeAll(async () => {
  if (noAzurite === undefined) azurite = await startAzurite();
}, 90_000);
afterAll(() => azurite?.stop());
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'windlass-artefacts-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const digestOf = (bytes: string | Buffer): string =>
  `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

/** A store, and a way to put other bytes where an artefact lies. */
interface Opened {
  readonly store: ArtefactStore;
  damage(digest: string, bytes: string): Promise<void>;
}

async function openFolder(): Promise<Opened> {
  const root = join(dir, 'store');
  return {
    store: await openArtefactStore({ artefacts: { dir: root }, azure: {} }),
    damage: async (digest, bytes) => {
      const path = join(root, 'sha256', digest.slice(7, 9), digest.slice(9));
      rmSync(path);
      writeFileSync(path, bytes);
    },
  };
}

async function openContainer(): Promise<Opened> {
  const connectionString = azurite?.connectionString ?? '';
  containers += 1;
  const name = `artefacts-${containers}`;
  const container = BlobServiceClient.fromConnectionString(connectionString).getContainerClient(name);
  await container.create();
  return {
    store: await openArtefactStore({
      artefacts: { dir, url: `az://${AZURITE_ACCOUNT}/${name}/windlass` },
      azure: { connectionString },
    }),
    damage: async (digest, bytes) => {
      const path = `windlass/sha256/${digest.slice(7, 9)}/${digest.slice(9)}`;
      await container.getBlockBlobClient(path).upload(bytes, bytes.length);
    },
  };
}

describe.each<[string, string | undefined, () => Promise<Opened>]>([
  ['a folder', undefined, openFolder],
  ['an Azure container (Azurite)', noAzurite, openContainer],
])('%s as artefact store', (_name, missing, openStore) => {
  const check = testUnless(missing);

  check('a put comes back the same, named by its digest, with its media type', async () => {
    const { store } = await openStore();
    const ref = await store.put('hello', 'text/plain');
    expect(ref).toEqual({ digest: digestOf('hello'), size: 5, mediaType: 'text/plain' });
    expect((await store.read(ref.digest)).toString()).toBe('hello');
    expect((await buffer(await store.stream(ref.digest))).toString()).toBe('hello');
    expect(await store.stat(ref.digest)).toEqual(ref);
    expect(await store.has(ref.digest)).toBe(true);
    expect(await store.has(digestOf('other'))).toBe(false);
    expect(await store.stat(digestOf('other'))).toBeUndefined();
    await store.put('hello', 'application/json');
    expect((await store.stat(ref.digest))?.mediaType).toBe('text/plain');
  });

  check('files, streams and nothing at all come back byte by byte', async () => {
    const { store } = await openStore();
    const bytes = Buffer.alloc(9_000_000, 'windlass');
    writeFileSync(join(dir, 'big'), bytes);
    writeFileSync(join(dir, 'empty'), '');
    const big = await store.putFile(join(dir, 'big'), 'application/octet-stream');
    const streamed = await store.putStream(Readable.from([bytes]), 'application/octet-stream');
    const empty = await store.putFile(join(dir, 'empty'), 'application/octet-stream');
    expect([big, empty.digest, empty.size]).toEqual([
      { digest: digestOf(bytes), size: 9_000_000, mediaType: 'application/octet-stream' },
      ...[digestOf(''), 0],
    ]);
    expect(streamed).toEqual(big);
    await store.toFile(big.digest, join(dir, 'deep', 'copy'));
    expect(readFileSync(join(dir, 'deep', 'copy')).equals(bytes)).toBe(true);
    expect(await store.read(empty.digest)).toHaveLength(0);
  });

  check('a source that fails leaves nothing', async () => {
    const { store } = await openStore();
    const source = Readable.from(
      (function* () {
        yield Buffer.from('half');
        throw new Error('the line went dead');
      })(),
    );
    await expect(store.putStream(source, 'text/plain')).rejects.toThrow('the line went dead');
    expect(await store.has(digestOf('half'))).toBe(false);
  });

  check('fifty puts of ten contents at once are ten artefacts', async () => {
    const { store } = await openStore();
    const refs = await Promise.all(
      Array.from({ length: 50 }, (_, i) => store.put(`content ${i % 10}`, 'text/plain')),
    );
    expect(new Set(refs.map((r) => r.digest)).size).toBe(10);
    for (const [i, ref] of refs.entries())
      expect((await store.read(ref.digest)).toString()).toBe(`content ${i % 10}`);
  });

  check('what is written from the store is a file of its own', async () => {
    const { store } = await openStore();
    const ref = await store.put('kept', 'text/plain');
    await store.toFile(ref.digest, join(dir, 'copy'));
    writeFileSync(join(dir, 'copy'), 'changed');
    expect((await store.read(ref.digest)).toString()).toBe('kept');
  });

  check('changed bytes are refused by every way of reading, and nothing is written', async () => {
    const { store, damage } = await openStore();
    const ref = await store.put('hello', 'text/plain');
    await damage(ref.digest, 'hellO');
    const before = readdirSync(dir);
    await expect(store.read(ref.digest)).rejects.toMatchObject({ code: 'ARTEFACT_CORRUPT' });
    await expect(store.stream(ref.digest).then(buffer)).rejects.toMatchObject({ code: 'ARTEFACT_CORRUPT' });
    await expect(store.toFile(ref.digest, join(dir, 'copy'))).rejects.toMatchObject({
      code: 'ARTEFACT_CORRUPT',
    });
    expect(readdirSync(dir)).toEqual(before);
  });

  check('a cut-off artefact is put whole again by the next put', async () => {
    const { store, damage } = await openStore();
    const ref = await store.put('hello', 'text/plain');
    await damage(ref.digest, 'hel');
    await store.put('hello', 'text/plain');
    expect((await store.read(ref.digest)).toString()).toBe('hello');
  });

  check('a missing artefact, a path as digest and a missing source file are clear errors', async () => {
    const { store } = await openStore();
    const none = digestOf('none');
    await expect(store.read(none)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(store.stream(none)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(store.toFile(none, join(dir, 'copy'))).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(store.read('sha256:../../../etc/passwd')).rejects.toMatchObject({ code: 'INPUT_INVALID' });
    await expect(store.putFile(join(dir, 'none'), 'text/plain')).rejects.toMatchObject({ code: 'ENOENT' });
  });

  check('what is removed is gone, and can be put again', async () => {
    const { store } = await openStore();
    const { digest } = await store.put('hello', 'text/plain');
    await store.remove(digest);
    await store.remove(digest);
    expect(await store.has(digest)).toBe(false);
    await store.put('hello', 'text/plain');
    expect(await store.has(digest)).toBe(true);
  });
});

test('a folder holds nothing half-written after concurrent puts', async () => {
  const { store } = await openFolder();
  await Promise.all(Array.from({ length: 20 }, (_, i) => store.put(`content ${i % 4}`, 'text/plain')));
  expect(readdirSync(join(dir, 'store', 'tmp'))).toEqual([]);
});

test('a wrong address is refused with the setting named', async () => {
  const config = { artefacts: { dir, url: 'https://example.com/artefacts' }, azure: {} };
  await expect(openArtefactStore(config)).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: expect.stringContaining('artefacts.url'),
  });
});
