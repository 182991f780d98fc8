import { mkdtempSync, readFileSync, rmSync, writeFileSync, statSync, existsSync, lstatSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pack } from 'tar-stream';
import type { Header } from 'tar-stream';
import { digestOf } from '../../src/base/digest.ts';
import { digestOfFile } from '../../src/base/digest.ts';
import { compressLayer, openMeasured } from '../../src/adapters/oci/layer.ts';
import { keyOfEntries } from '../../src/adapters/oci/layer-cache.ts';
import { packTar } from '../../src/adapters/oci/tar.ts';
import { unpackTar } from '../../src/adapters/oci/unpack.ts';
import type { ImageEntry } from '../../src/ports/image-assembler.ts';
import fc from '../support/properties.ts';

let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'windlass-oci-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const text = (path: string, content: string): ImageEntry => ({
  type: 'file',
  path,
  content: Buffer.from(content),
});

/** A tar as an attacker or another tool would write it. */
function foreignTar(headers: ReadonlyArray<Partial<Header> & { name: string; body?: string }>): Readable {
  const tar = pack();
  for (const { body, ...header } of headers) tar.entry(header, body ?? '');
  tar.finalize();
  return Readable.from(tar, { objectMode: false });
}

describe('deterministic tar', () => {
  test('the order in which entries are given changes no byte', async () => {
    const entries: ImageEntry[] = [
      text('windlass/b.txt', 'b'),
      text('windlass/a/deep.txt', 'a'),
      { type: 'symlink', path: 'lib64', target: 'usr/lib64' },
      { type: 'directory', path: 'tmp', mode: 0o777 },
    ];
    const one = digestOf(await buffer(packTar(entries)));
    const other = digestOf(await buffer(packTar([...entries].reverse())));
    expect(other).toBe(one);
    expect(digestOf(await buffer(packTar([...entries.slice(1), text('windlass/b.txt', 'B')])))).not.toBe(one);
  });

  test('the time, owner and place of a source file do not matter, its bytes and permissions do', async () => {
    writeFileSync(join(dir, 'one'), 'same');
    const first = digestOf(
      await buffer(packTar([{ type: 'file', path: 'f', content: { file: join(dir, 'one') } }])),
    );
    writeFileSync(join(dir, 'two'), 'same', { mode: 0o600 });
    const second = digestOf(
      await buffer(packTar([{ type: 'file', path: 'f', content: { file: join(dir, 'two') } }])),
    );
    const executable = digestOf(await buffer(packTar([{ ...text('f', 'same'), mode: 0o755 } as ImageEntry])));
    expect(second).toBe(first);
    expect(executable).not.toBe(first);
  });

  test('two files of one path, and a file that is also a folder, are refused', () => {
    expect(() => packTar([text('a', '1'), text('./a', '2')])).toThrow(
      /Two files of the image have the path "a"/,
    );
    expect(() => packTar([text('a', '1'), text('a/b', '2')])).toThrow(/both a file and a folder/);
    expect(() => packTar([text('../a', '1')])).toThrow(/leaves the image's root/);
  });

  test('a missing source file fails the layer and leaves nothing in the scratch folder', async () => {
    const tar = packTar([{ type: 'file', path: 'f', content: { file: join(dir, 'absent') } }]);
    await expect(compressLayer(tar, join(dir, 'scratch'))).rejects.toMatchObject({ code: 'ENOENT' });
    const { readdirSync } = await import('node:fs');
    expect(readdirSync(join(dir, 'scratch'))).toEqual([]);
  });

  test('any set of files comes back from tar, gzip and unpacking as it went in', async () => {
    const segment = fc.stringMatching(/^[a-zé0-9]{1,60}$/);
    const files = fc.uniqueArray(
      fc.tuple(fc.array(segment, { minLength: 1, maxLength: 4 }), fc.uint8Array({ maxLength: 2000 })),
      { selector: ([path]) => path[0] ?? '', maxLength: 8 },
    );
    await fc.assert(
      fc.asyncProperty(files, async (list) => {
        const root = mkdtempSync(join(dir, 'round-'));
        const entries = list.map(([path, content]): ImageEntry => ({
          type: 'file',
          path: path.join('/'),
          content,
        }));
        const layer = await compressLayer(packTar(entries), join(root, 'scratch'));
        expect(await digestOfFile(layer.path)).toEqual({ digest: layer.digest, size: layer.size });
        const { tar, diffId } = await openMeasured(layer.path);
        await unpackTar(tar, join(root, 'out'));
        expect(diffId()).toBe(layer.diffId);
        for (const [path, content] of list)
          expect(readFileSync(join(root, 'out', ...path)).equals(Buffer.from(content))).toBe(true);
      }),
      { numRuns: 25 },
    );
  });

  test('the key of a layer changes with content, permissions, link targets and names', async () => {
    const base = text('a', '1');
    const keys = await Promise.all([
      keyOfEntries([base]),
      keyOfEntries([text('a', '2')]),
      keyOfEntries([{ ...base, mode: 0o755 } as ImageEntry]),
      keyOfEntries([{ type: 'symlink', path: 'a', target: '1' }]),
      keyOfEntries([text('b', '1')]),
    ]);
    expect(new Set(keys).size).toBe(5);
    expect(await keyOfEntries([text('./a', '1')])).toBe(keys[0]);
  });
});

describe('unpacking layers', () => {
  const root = (): string => join(dir, 'root');

  test.each([
    ['a path that climbs', [{ name: '../evil', body: 'x' }]],
    ['a path that climbs in the middle', [{ name: 'a/../../evil', body: 'x' }]],
    [
      'a write through a link to outside',
      [
        { name: 'out', type: 'symlink' as const, linkname: '..' },
        { name: 'out/evil', body: 'x' },
      ],
    ],
    ['a hard link to outside', [{ name: 'evil-link', type: 'link' as const, linkname: '../secret' }]],
    ['a device', [{ name: 'null', type: 'character-device' as const, devmajor: 1, devminor: 3 }]],
  ])('%s is refused and writes nothing outside', async (_what, headers) => {
    writeFileSync(join(dir, 'secret'), 'secret');
    await expect(unpackTar(foreignTar(headers), root())).rejects.toMatchObject({ code: 'PACKAGING_FAILED' });
    expect(existsSync(join(dir, 'evil'))).toBe(false);
    expect(existsSync(join(root(), 'evil-link'))).toBe(false);
  });

  test('an absolute path lands inside the folder', async () => {
    await unpackTar(foreignTar([{ name: '/etc/windlass-absolute', body: 'x' }]), root());
    expect(readFileSync(join(root(), 'etc', 'windlass-absolute'), 'utf8')).toBe('x');
    expect(existsSync('/etc/windlass-absolute')).toBe(false);
  });

  test('a replaced link is a file again, and does not change what the link pointed at', async () => {
    writeFileSync(join(dir, 'target'), 'before');
    await unpackTar(foreignTar([{ name: 'f', type: 'symlink', linkname: join(dir, 'target') }]), root());
    await unpackTar(foreignTar([{ name: 'f', body: 'after' }]), root());
    expect(readFileSync(join(dir, 'target'), 'utf8')).toBe('before');
    expect(lstatSync(join(root(), 'f')).isSymbolicLink()).toBe(false);
    expect(readFileSync(join(root(), 'f'), 'utf8')).toBe('after');
  });

  test('whiteouts delete what lower layers brought; permissions survive, set-uid does not', async () => {
    await unpackTar(
      foreignTar([
        { name: 'keep', body: '1', mode: 0o4755 },
        { name: 'gone', body: '2' },
        { name: 'folder/old', body: '3' },
      ]),
      root(),
    );
    await unpackTar(
      foreignTar([{ name: '.wh.gone' }, { name: 'folder/.wh..wh..opq' }, { name: 'folder/new', body: '4' }]),
      root(),
    );
    expect(existsSync(join(root(), 'gone'))).toBe(false);
    expect(existsSync(join(root(), 'folder', 'old'))).toBe(false);
    expect(readFileSync(join(root(), 'folder', 'new'), 'utf8')).toBe('4');
    expect(statSync(join(root(), 'keep')).mode & 0o7777).toBe(0o755);
  });
});
