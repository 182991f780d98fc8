import { jest } from '@jest/globals';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createProcessRunner } from '../../src/adapters/oci/process-runner.ts';
import { identify } from '../../src/adapters/oci/process-identity.ts';
import type { ImageConfig, ImageIndex, ImageManifest } from '../../src/adapters/oci/media-types.ts';
import { unpackImage } from '../../src/adapters/oci/unpack.ts';
import type { PackagedImage } from '../../src/contracts/packaging/image.ts';
import { modelManifestSchema } from '../../src/contracts/device/model-manifest.ts';
import { worstStatus } from '../../src/domain/gates/statuses.ts';
import { openPackagingFixture, sourceFile } from '../support/packaging-fixture.ts';
import type { PackagingFixture } from '../support/packaging-fixture.ts';
import { shareLayers } from '../support/shared-layers.ts';
import { TINY_ENTRY } from '../support/tiny-model.ts';

jest.setTimeout(300_000);

let dir = '';
let fixture: PackagingFixture;
let here: ReturnType<PackagingFixture['activities']>;
let model: { name: string; version: string };
let image: PackagedImage;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'windlass-packaging-'));
  fixture = await openPackagingFixture(dir);
  await shareLayers(join(dir, 'images'), 'process');
  here = fixture.activities(join(dir, 'images'), 'process');
  const { name, version } = await fixture.register({ goldenRows: 200 });
  model = { name, version };
  image = await here.assembleImage({ model });
});
afterAll(async () => {
  await fixture.close();
  rmSync(dir, { recursive: true, force: true });
});

const manifestOf = (packaged: PackagedImage): Promise<ImageManifest> =>
  here.store.readJson<ImageManifest>(packaged.platforms[0]!.digest);

describe('an image as OCI layout', () => {
  test('every digest and size in it is true, from the index down to each layer', async () => {
    const index = await here.store.readJson<ImageIndex>(image.digest);
    expect(index.mediaType).toBe('application/vnd.oci.image.index.v1+json');
    expect(index.manifests).toHaveLength(1);
    const [entry] = index.manifests;
    expect(`${entry!.platform!.os}/${entry!.platform!.architecture}`).toBe(image.platforms[0]!.platform);
    const manifest = await manifestOf(image);
    const config = await here.store.readJson<ImageConfig>(manifest.config.digest);
    expect(config.rootfs.diff_ids).toHaveLength(manifest.layers.length);
    for (const { digest, size } of [entry!, manifest.config, ...manifest.layers]) {
      const bytes = readFileSync(await here.store.blobPath(digest));
      expect(bytes.length).toBe(size);
      expect(`sha256:${createHash('sha256').update(bytes).digest('hex')}`).toBe(digest);
    }
    expect(JSON.parse(readFileSync(join(dir, 'images', 'oci-layout'), 'utf8'))).toEqual({
      imageLayoutVersion: '1.0.0',
    });
    expect(await here.store.images()).toEqual([
      { name: `localhost/windlass/${model.name}:${model.version}`, digest: image.digest },
    ]);
    expect(image.reference).toBe(`localhost/windlass/${model.name}@${image.digest}`);
    expect(readdirSync(join(dir, 'images', 'tmp'))).toEqual([]);
  });

  test('the configuration runs the server as an account without rights, with telemetry off, and says where it comes from', async () => {
    const { config } = await here.store.readJson<ImageConfig>((await manifestOf(image)).config.digest);
    expect(config.User).toBe('65532:65532');
    expect(config.Env).toEqual(
      expect.arrayContaining(['ORT_DISABLE_TELEMETRY=1', 'WINDLASS_ROOT=/windlass']),
    );
    expect(config.Entrypoint).toEqual(['node', '/windlass/server/main.js']);
    const version = await fixture.registry.model(model.name, model.version);
    expect(config.Labels).toMatchObject({
      'org.opencontainers.image.revision': 'c0ffee',
      'io.windlass.model.digest': version!.digest,
      'io.windlass.data': version!.data.digest,
    });
    // The fixture's repository is a folder of this machine, which must not decide the digest.
    expect(config.Labels).not.toHaveProperty(['org.opencontainers.image.source']);
  });

  test('the same inputs give the same digest again, and in another folder from nothing', async () => {
    const again = await here.assembleImage({ model });
    expect(again.digest).toBe(image.digest);
    expect(here.assembled.at(-1)!.platforms[0]!.detail.every((layer) => layer.reused)).toBe(true);
    const there = fixture.activities(join(dir, 'other-images'), 'process');
    const other = await there.assembleImage({ model });
    expect(there.assembled[0]!.platforms[0]!.detail.some((layer) => layer.reused)).toBe(false);
    expect(other).toEqual(image);
  });

  test('a model-only change ships only the last layer', async () => {
    const next = await fixture.register({ goldenRows: 200, bias: -3 });
    const changed = await here.assembleImage({ model: next });
    const [before, after] = [image.platforms[0]!.layers, changed.platforms[0]!.layers];
    expect(after.slice(0, -1)).toEqual(before.slice(0, -1));
    expect(after.at(-1)).not.toBe(before.at(-1));
    const shipped = here.assembled.at(-1)!.platforms[0]!.detail.filter((layer) => !layer.reused);
    expect(shipped.map((layer) => layer.name)).toEqual(['model']);
    expect(shipped[0]!.size).toBeLessThan(200_000);
  });

  test('the model layer holds what the device needs to attest itself', async () => {
    const root = join(dir, 'unpacked');
    await unpackImage(here.store, image.platforms[0]!.digest, root);
    const read = (name: string): Buffer => readFileSync(join(root, 'windlass', 'model', name));
    const manifest = modelManifestSchema.parse(JSON.parse(read('model.json').toString()));
    expect(manifest).toMatchObject({
      name: model.name,
      version: model.version,
      calibration: { fit: 'mean-std', rows: 120 },
      window: 60,
    });
    expect(`sha256:${createHash('sha256').update(read('model.onnx')).digest('hex')}`).toBe(manifest.digest);
    const golden = JSON.parse(read('golden.json').toString()) as {
      inputs: { window: { shape: number[]; data: number[] } };
    };
    expect(golden.inputs.window.shape).toEqual([64, 60, 8]);
    expect(golden.inputs.window.data).toHaveLength(64 * 60 * 8);
    expect(JSON.parse(read('baseline.json').toString())).toMatchObject({ schema: 'windlass.baseline/1' });
    const ort = join(root, 'windlass/node_modules/onnxruntime-node/bin/napi-v6');
    expect(readdirSync(ort)).toEqual(['linux']);
    expect(existsSync(join(root, 'windlass/node_modules/jest'))).toBe(false);
  });

  test('a changed blob is refused before anything of it is unpacked', async () => {
    const layer = (await manifestOf(image)).layers.at(-1)!;
    const path = await here.store.blobPath(layer.digest);
    const whole = readFileSync(path);
    chmodSync(path, 0o644);
    try {
      writeFileSync(path, Buffer.concat([whole.subarray(0, -1), Buffer.from([whole.at(-1)! ^ 1])]));
      const root = join(dir, 'corrupt');
      await expect(unpackImage(here.store, image.platforms[0]!.digest, root)).rejects.toMatchObject({
        code: 'ARTEFACT_CORRUPT',
      });
      expect(existsSync(join(root, 'windlass', 'model'))).toBe(false);
    } finally {
      writeFileSync(path, whole);
    }
  });
});

describe('what cannot be packaged', () => {
  test.each([
    ['linux/arm64', /this machine is linux\/\w+, and there is no base image with Node for linux\/arm64/],
    ['linux/arm/v7', /onnxruntime-node has no native library for it/],
  ])('%s is refused, and the message names what is missing', async (platform, message) => {
    if (platform === image.platforms[0]!.platform) return;
    await expect(here.assembleImage({ model, platforms: [platform] })).rejects.toMatchObject({
      code: 'INPUT_INVALID',
      message: expect.stringMatching(message) as unknown,
    });
  });

  test('an entry script that the project lacks, and a version that does not exist', async () => {
    const lost = await fixture.register({ files: [sourceFile('train.py', 'print()')] });
    await expect(here.assembleImage({ model: lost })).rejects.toMatchObject({
      code: 'PROJECT_INVALID',
      message: expect.stringMatching(/serve\.entry names "entry\.js"/) as unknown,
    });
    await expect(here.assembleImage({ model: { name: model.name, version: '99' } })).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
  });
});

describe('the image run as a process', () => {
  test('passes all four suites, and warns about what only a container can keep', async () => {
    const { mode, gates, report } = await here.testImage({ image, model });
    expect(mode).toBe('process');
    expect(gates.filter((g) => g.status === 'fail' || g.status === 'insufficient')).toEqual([]);
    const status = Object.fromEntries(gates.map((g) => [g.name, g.status]));
    expect(status).toMatchObject({
      'container.start': 'pass',
      'container.protocol': 'pass',
      'container.golden-parity': 'pass',
      'container.entry-script': 'pass',
      'container.missing-readings': 'pass',
      'container.wrong-requests': 'pass',
      'container.offline-queue': 'pass',
      'container.read-only-root': 'warn',
    });
    expect(gates.find((g) => g.name === 'container.golden-parity')).toMatchObject({ n: 200 });
    expect(report.size).toBeGreaterThan(1000);
    expect(readdirSync(join(dir, 'images', 'tmp'))).toEqual([]);
    expect(readdirSync(join(dir, 'images', 'instances'))).toEqual([]);
  });

  test('a model whose numbers differ from training does not start, and the gate says why', async () => {
    const bad = await fixture.register({ goldenRows: 50, goldenError: 0.01, bias: -2 });
    const { gates } = await here.testImage({ image: await here.assembleImage({ model: bad }), model: bad });
    expect(worstStatus(gates)).toBe('fail');
    expect(gates[0]).toMatchObject({ name: 'container.start', status: 'fail' });
    expect(JSON.stringify(gates[0])).toMatch(/golden rows differ/);
  });

  test('an entry script that calls a dead sensor healthy fails the gate for missing readings', async () => {
    const entry = `export const run = () => ({ probability: 0.1, alarm: false });`;
    const careless = await fixture.register({ files: [sourceFile('entry.js', entry)] });
    const { gates } = await here.testImage({
      image: await here.assembleImage({ model: careless }),
      model: careless,
    });
    const failed = gates.filter((g) => g.status === 'fail').map((g) => g.name);
    expect(failed).toEqual(['container.entry-script', 'container.missing-readings']);
  });

  test('an entry script in a folder, with an asset beside it, runs from its own place', async () => {
    const entry = `import { readFileSync } from 'node:fs';\nif (readFileSync(new URL('limit.txt', import.meta.url), 'utf8') !== '1') throw new Error('no asset');\n`;
    const files = [sourceFile('serve/pump.js', entry + TINY_ENTRY), sourceFile('serve/limit.txt', '1')];
    const nested = await fixture.register({ files, entry: 'serve/pump.js', assets: ['serve/limit.txt'] });
    const { gates } = await here.testImage({
      image: await here.assembleImage({ model: nested }),
      model: nested,
    });
    expect(gates.find((g) => g.name === 'container.entry-script')).toMatchObject({ status: 'pass' });
  });

  test('what a killed worker left is found and removed by the next one', async () => {
    const instance = await createProcessRunner(here.store).start(image);
    const records = join(dir, 'images', 'instances');
    const [name] = readdirSync(records);
    const record = JSON.parse(readFileSync(join(records, name!), 'utf8')) as {
      owner: { pid: number };
      child: { pid: number };
      folders: string[];
    };
    expect(await createProcessRunner(here.store).sweep()).toBe(0); // its owner lives
    const self = await identify();
    // a process of this number that is no more
    const gone = { ...record, owner: { ...self, start: '1' } };
    writeFileSync(join(records, name!), JSON.stringify(gone));
    expect(await createProcessRunner(here.store).sweep()).toBe(1);
    await instance.stop();
    expect(() => process.kill(record.child.pid, 0)).toThrow(/ESRCH/);
    expect(record.folders.filter((folder) => existsSync(folder))).toEqual([]);
    expect(readdirSync(records)).toEqual([]);
  });
});
