import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, type Readable } from 'node:stream';
import { jest } from '@jest/globals';
import { containerOptions, OWNER_LABEL } from '../../src/adapters/docker/container-options.ts';
import { createContainerRunner } from '../../src/adapters/docker/container-runner.ts';
import { dockerClient, OWNED_LABEL } from '../../src/adapters/docker/engine.ts';
import { TEST_REPOSITORY } from '../../src/adapters/docker/load-image.ts';
import { formatIdentity, identify } from '../../src/adapters/oci/process-identity.ts';
import { openPackagingTools } from '../../src/adapters/docker/packaging-tools.ts';
import { createOciLayoutStore } from '../../src/adapters/oci/layout-store.ts';
import type { PackagedImage } from '../../src/contracts/packaging/image.ts';
import { openPackagingFixture, sourceFile } from '../support/packaging-fixture.ts';
import type { PackagingFixture } from '../support/packaging-fixture.ts';
import { SERVER, shareLayers } from '../support/shared-layers.ts';
import { noDocker } from '../support/missing.ts';
import { describeUnless } from '../support/unless.ts';

jest.setTimeout(400_000);

const docker = dockerClient();
const withEngine = describeUnless(await noDocker());
/** Containers of this test run only: others may test on the same engine. */
const ours = async (): Promise<string[]> => {
  const me = formatIdentity(await identify());
  const filters = { label: [`${OWNED_LABEL}=test`, `${OWNER_LABEL}=${me}`] };
  return (await docker.listContainers({ all: true, filters })).map((c) => c.Id);
};

withEngine('packaging on a Docker Engine', () => {
  let dir = '';
  let fixture: PackagingFixture;
  let here: ReturnType<PackagingFixture['activities']>;
  let model: { name: string; version: string };
  let image: PackagedImage;
  const name = `t${process.pid}-pump`; // a repository of its own on the engine

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'windlass-packaging-'));
    fixture = await openPackagingFixture(dir);
    await shareLayers(join(dir, 'images'), 'docker');
    await shareLayers(join(dir, 'images-process'), 'process');
    here = fixture.activities(join(dir, 'images'), 'docker');
    model = await fixture.register({ name, goldenRows: 200 });
    image = await here.assembleImage({ model });
  });
  afterAll(async () => {
    const images = await docker.listImages({ filters: { reference: [`${TEST_REPOSITORY}/${name}`] } });
    for (const { Id } of images) await docker.getImage(Id).remove({ force: true });
    await fixture.close();
    rmSync(dir, { recursive: true, force: true });
  });

  test('the environment built on the engine is, bit by bit, the one put together without it', async () => {
    const without = fixture.activities(join(dir, 'images-process'), 'process');
    expect((await without.assembleImage({ model })).digest).toBe(image.digest);
  });

  test('all four suites pass in a container that is shut off from everything, and nothing of it stays', async () => {
    const { mode, gates } = await here.testImage({ image, model });
    expect(mode).toBe('container');
    expect(gates.filter((g) => g.status !== 'pass' && !g.name.startsWith('container.latency'))).toEqual([]);
    const observed = Object.fromEntries(gates.map((g) => [g.name, g.observed]));
    expect(observed).toMatchObject({
      'container.no-network': 'lo',
      'container.user': 65532,
      'container.read-only-root': true,
      'container.capabilities': '0000000000000000',
      'container.no-new-privileges': true,
      'container.memory-limit': 512 * 1024 * 1024,
      'container.pids-limit': 128,
    });
    expect(await ours()).toEqual([]);
  });

  test('a model-only change sends only the model layer to the engine; the old image goes', async () => {
    const next = await fixture.register({ name, goldenRows: 200, bias: -3 });
    const changed = await here.assembleImage({ model: next });
    const counted = dockerClient();
    let sent = 0;
    const load = counted.loadImage.bind(counted) as (file: Readable, options: object) => Promise<Readable>;
    counted.loadImage = ((file: Readable, options: object) => {
      const counter = new PassThrough();
      counter.on('data', (chunk: Buffer) => (sent += chunk.length));
      return load(file.pipe(counter), options);
    }) as unknown as typeof counted.loadImage;
    const instance = await createContainerRunner(counted, here.store).start(changed);
    await instance.stop();
    expect(sent).toBeGreaterThan(0);
    expect(sent).toBeLessThan(2_000_000); // the whole image has ninety megabytes
    const images = await docker.listImages({ filters: { reference: [`${TEST_REPOSITORY}/${name}`] } });
    expect(images.flatMap((i) => i.RepoTags ?? [])).toEqual([
      `${TEST_REPOSITORY}/${name}:${changed.platforms[0]!.digest.slice(7, 19)}`,
    ]);
  });

  test('an image whose server ends is stopped, removed, and its last words are in the gate', async () => {
    const files = [sourceFile('entry.js', `throw new Error('cannot start like this');`)];
    const broken = await fixture.register({ name, files });
    const { gates } = await here.testImage({
      image: await here.assembleImage({ model: broken }),
      model: broken,
    });
    expect(gates).toHaveLength(1);
    expect(gates[0]).toMatchObject({ name: 'container.start', status: 'fail' });
    expect(JSON.stringify(gates[0])).toMatch(/cannot start like this/);
    expect(await ours()).toEqual([]);
  });

  test('a container whose worker was killed is removed with its folder by the next worker', async () => {
    const runner = createContainerRunner(docker, here.store);
    const instance = await runner.start(image); // brings the image back to the engine
    const folder = mkdtempSync(join(tmpdir(), 'windlass-'));
    // a process of this number that is no more
    const owner = formatIdentity({ ...(await identify()), start: '1' });
    const tag = `${TEST_REPOSITORY}/${name}:${image.platforms[0]!.digest.slice(7, 19)}`;
    const orphan = await docker.createContainer(
      containerOptions({ tag, shared: folder, env: {}, owner, folder }),
    );
    await orphan.start();
    try {
      expect(await runner.sweep()).toBeGreaterThanOrEqual(1);
      await expect(orphan.inspect()).rejects.toMatchObject({ statusCode: 404 });
      expect(existsSync(folder)).toBe(false);
      expect(await ours()).toHaveLength(1); // the one whose worker lives
    } finally {
      await instance.stop();
    }
    expect(await ours()).toEqual([]);
    expect(readdirSync(here.store.scratch)).toEqual([]);
  });

  test('another base image: its layers come first, its variables stay, and it is proved too', async () => {
    // This machine can pull none, so the base is the environment layer of an image that was made
    // here.
    const base = `windlass-test-base:${name}`;
    const layer = await here.store.blobPath(image.platforms[0]!.layers[0]!);
    const changes = ['ENV FROM_BASE=kept', 'ENV PATH=/usr/local/bin'];
    const imported = await docker.importImage(layer, { repo: 'windlass-test-base', tag: name, changes });
    await new Promise((resolve, reject) => imported.resume().once('end', resolve).once('error', reject));
    try {
      const based = fixture.activities(join(dir, 'images-based'), 'docker', { baseImage: base });
      const packaged = await based.assembleImage({ model });
      const again = await based.assembleImage({ model });
      expect(again.digest).toBe(packaged.digest);
      expect(packaged.platforms[0]!.layers).toHaveLength(image.platforms[0]!.layers.length);
      const manifest = await based.store.readJson<{ config: { digest: string } }>(
        packaged.platforms[0]!.digest,
      );
      const { config } = await based.store.readJson<{ config: { Env: string[] } }>(manifest.config.digest);
      expect(config.Env).toContain('FROM_BASE=kept');
      const started = await createContainerRunner(docker, based.store).start(packaged);
      await started.stop();
    } finally {
      await docker.getImage(base).remove({ force: true });
    }
  });

  test('a base image that is not there and cannot be pulled is named in the error', async () => {
    const lost = fixture.activities(join(dir, 'images-lost'), 'docker', {
      baseImage: '127.0.0.1:9/windlass/no-such-base:1',
    });
    await expect(lost.assembleImage({ model })).rejects.toMatchObject({
      code: 'PACKAGING_FAILED',
      message: expect.stringMatching(
        /base image 127\.0\.0\.1:9\/windlass\/no-such-base:1 for linux\//,
      ) as unknown,
    });
  });
});

test('an engine that is asked for and does not answer is DOCKER_UNAVAILABLE; left to choose, processes are used', async () => {
  const before = process.env.DOCKER_HOST;
  process.env.DOCKER_HOST = 'unix:///nonexistent/windlass.sock';
  try {
    const store = createOciLayoutStore(join(tmpdir(), 'windlass-never-written'));
    await expect(openPackagingTools({ store, server: SERVER, engine: 'docker' })).rejects.toMatchObject({
      code: 'DOCKER_UNAVAILABLE',
    });
    const { runner } = await openPackagingTools({ store, server: SERVER, engine: 'auto' });
    expect(runner.mode).toBe('process');
  } finally {
    if (before === undefined) delete process.env.DOCKER_HOST;
    else process.env.DOCKER_HOST = before;
  }
});
