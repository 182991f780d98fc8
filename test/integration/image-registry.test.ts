import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { digestOf } from '../../src/base/digest.ts';
import { createImageAssembler } from '../../src/adapters/oci/image-assembler.ts';
import { createLayerCache } from '../../src/adapters/oci/layer-cache.ts';
import { createOciLayoutStore } from '../../src/adapters/oci/layout-store.ts';
import { createRegistryStore } from '../../src/adapters/oci/registry-store.ts';
import { OCI } from '../../src/adapters/oci/media-types.ts';
import type { ImageSpec } from '../../src/ports/image-assembler.ts';
import { freePort } from '../../src/local-system/ports.ts';
import { waitFor } from '../../src/base/wait-for.ts';
import { noProgram } from '../support/missing.ts';
import { describeUnless } from '../support/unless.ts';

const withRegistry = describeUnless(noProgram('docker-registry'));

let dir = '';
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'windlass-registry-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const SPEC: ImageSpec = {
  name: 'pump',
  tag: '1',
  entry: [{ type: 'file', path: 'windlass/entry/entry.js', content: Buffer.from('export const run = 1;') }],
  model: [{ type: 'file', path: 'windlass/model/model.onnx', content: Buffer.alloc(300_000, 'm') }],
  labels: {},
};

withRegistry('images in a registry', () => {
  let server: ChildProcess;
  let host = '';

  beforeAll(async () => {
    const port = await freePort();
    host = `127.0.0.1:${port}`;
    const config = [
      'version: 0.1',
      `storage: { filesystem: { rootdirectory: ${join(dir, 'data')} } }`,
      `http: { addr: "${host}" }`,
      'log: { level: error, accesslog: { disabled: true } }',
    ];
    writeFileSync(join(dir, 'registry.yml'), config.join('\n'));
    server = spawn('docker-registry', ['serve', join(dir, 'registry.yml')], { stdio: 'ignore' });
    const up = (): Promise<boolean> =>
      fetch(`http://${host}/v2/`).then(
        (r) => r.ok,
        () => false,
      );
    expect(await waitFor(up, { timeoutMs: 15_000 })).toBe(true);
  });
  afterAll(async () => {
    const ended = new Promise((resolve) => server.once('exit', resolve));
    server.kill('SIGTERM');
    await ended;
  });

  /** An assembler whose lowest layer is a small stand-in: this test is about where images go. */
  const assembler = (images: string, push: ReturnType<typeof createRegistryStore>) => {
    const store = createOciLayoutStore(join(dir, images));
    const cache = createLayerCache(store);
    const root = join(import.meta.dirname, '../..');
    const server = { root, entry: 'edge/log.ts', packages: ['zod'], env: {} };
    const environment = {
      build: async () => ({
        layers: [(await cache.layerOf([{ type: 'directory', path: 'tmp' }])).layer],
        env: [],
        reused: false,
      }),
    };
    return { store, assembler: createImageAssembler({ store, cache, environment, server, push }) };
  };

  test('an image is pushed under its digest and its tag, and every blob comes back whole', async () => {
    const push = createRegistryStore(`${host}/factory`, join(dir, 'scratch'));
    const { assembler: a } = assembler('images', push);
    const image = await a.assemble(SPEC);
    expect(image.reference).toBe(`${host}/factory/pump@${image.digest}`);
    for (const reference of [image.digest, '1']) {
      const answer = await fetch(`http://${host}/v2/factory/pump/manifests/${reference}`, {
        headers: { accept: OCI.index },
      });
      expect(answer.headers.get('docker-content-digest')).toBe(image.digest);
      expect(digestOf(new Uint8Array(await answer.arrayBuffer()))).toBe(image.digest);
    }
    const repository = `${host}/factory/pump`;
    for (const { layers } of image.platforms)
      for (const layer of layers)
        expect(digestOf(readFileSync(await push.blobPath(layer, repository)))).toBe(layer);
  });

  test('pushing again sends no blob that is there; a new model sends one layer', async () => {
    const sent: string[] = [];
    const inner = createRegistryStore(`${host}/factory`, join(dir, 'scratch'));
    const counting = {
      ...inner,
      putBlob: (digest: string, path: string, repository?: string) => {
        sent.push(digest);
        return inner.putBlob(digest, path, repository);
      },
    };
    const { assembler: a, store } = assembler('images', counting);
    await a.assemble(SPEC);
    expect(sent).toEqual([]);
    const model = [{ type: 'file' as const, path: 'windlass/model/model.onnx', content: Buffer.from('new') }];
    const changed = await a.assemble({ ...SPEC, tag: '2', model });
    const manifest = await store.readJson<{ config: { digest: string } }>(changed.platforms[0]!.digest);
    expect(sent).toEqual([changed.platforms[0]!.layers.at(-1), manifest.config.digest]);
  });

  test('bytes that do not have the digest are refused, and a missing blob is NOT_FOUND', async () => {
    const store = createRegistryStore(`${host}/factory`, join(dir, 'scratch'));
    const repository = `${host}/factory/pump`;
    writeFileSync(join(dir, 'other'), 'other');
    await expect(store.putBlob(digestOf('claimed'), join(dir, 'other'), repository)).rejects.toMatchObject({
      code: 'PACKAGING_FAILED',
      message: expect.stringMatching(/refused.*DIGEST_INVALID/s) as unknown,
    });
    await expect(store.blobPath(digestOf('nobody has this'), repository)).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
  });
});

test('a registry that does not answer is named', async () => {
  const store = createRegistryStore('127.0.0.1:9/factory', join(dir, 'scratch'));
  await expect(store.hasBlob(digestOf('x'), '127.0.0.1:9/factory/pump')).rejects.toMatchObject({
    code: 'PACKAGING_FAILED',
    message: expect.stringMatching(/127\.0\.0\.1:9 does not answer/) as unknown,
  });
});

describe('a registry that wants a token', () => {
  let server: Server;
  let host = '';
  const seen: string[] = [];
  beforeAll(async () => {
    server = createServer((request, response) => {
      const url = new URL(request.url ?? '/', `http://${host}`);
      if (url.pathname === '/token') {
        seen.push(`${url.searchParams.get('scope')} ${request.headers.authorization ?? 'anonymous'}`);
        response.end(JSON.stringify({ token: 'right' }));
      } else if (request.headers.authorization === 'Bearer right') {
        response.writeHead(200).end();
      } else {
        response
          .writeHead(401, {
            'www-authenticate': `Bearer realm="http://${host}/token",service="s",scope="repository:factory/pump:pull"`,
          })
          .end();
      }
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => new Promise((resolve) => server.close(resolve)));

  test('gets the account that `docker login` wrote, and the token is used again', async () => {
    const before = process.env.DOCKER_CONFIG;
    process.env.DOCKER_CONFIG = dir;
    writeFileSync(join(dir, 'config.json'), JSON.stringify({ auths: { [host]: { auth: 'dXNlcjpwdw==' } } }));
    try {
      const store = createRegistryStore(`${host}/factory`, join(dir, 'scratch'));
      expect(await store.hasBlob(digestOf('a'), `${host}/factory/pump`)).toBe(true);
      expect(await store.hasBlob(digestOf('b'), `${host}/factory/pump`)).toBe(true);
      expect(seen).toEqual(['repository:factory/pump:pull Basic dXNlcjpwdw==']);
    } finally {
      if (before === undefined) delete process.env.DOCKER_CONFIG;
      else process.env.DOCKER_CONFIG = before;
    }
  });
});
