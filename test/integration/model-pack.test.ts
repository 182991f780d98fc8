import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createFileArtefactStore } from '../../src/adapters/blob/file-artefact-store.ts';
import { exportModelPack } from '../../src/adapters/oci/export-model-pack.ts';
import { readModelPack } from '../../src/adapters/oci/import-model-pack.ts';
import type { PackManifest } from '../../src/adapters/oci/model-pack.ts';
import type { ModelVersion, PipelineVersion } from '../../src/ports/registry.ts';
import { dataRef, pipelineVersion, registration } from '../support/registry-fixtures.ts';
import { tempFolder } from '../support/temp-folder.ts';

const folder = tempFolder('model-pack');
const artefacts = createFileArtefactStore(join(folder.path, 'from'));
let model: ModelVersion;
let pipeline: PipelineVersion;
let layouts = 0;

beforeAll(async () => {
  const put = (text: string, type = 'application/octet-stream') => artefacts.put(text, type);
  const onnx = await put('the model file');
  const manifest = await put(
    JSON.stringify({ schema: 'windlass.data/1', files: [{ path: 'p/1.csv', sha256: 'f1', rows: 10 }] }),
    'application/json',
  );
  const card = await put('{"card":true}', 'application/json');
  const extra = await put('of a later release', 'application/json');
  model = {
    ...registration(),
    ...{ digest: onnx.digest, onnx, card, data: { ...dataRef(), manifest } },
    ...{ golden: await put('golden'), baseline: await put('baseline') },
    folds: { 0: await put('fold 0'), 1: await put('fold 1') },
    ...{ version: '3', state: 'approved', aliases: ['champion'], createdBy: 'ada' },
    createdAt: '2026-01-01T00:00:00.000Z',
    ...{ explanation: extra },
  };
  const bundle = await put('tar of the source', 'application/x-tar');
  const made = pipelineVersion();
  pipeline = { ...made, source: { ...made.source, bundle }, version: '1', createdAt: model.createdAt };
});
afterAll(() => folder.remove());

const newLayout = () => join(folder.path, `layout-${(layouts += 1)}`);
const blob = (dir: string, digest: string) => join(dir, 'blobs/sha256', digest.slice(7));

/** An exported layout and its manifest. */
async function exported(): Promise<{ dir: string; digest: string; manifest: PackManifest }> {
  const dir = newLayout();
  const { manifest: digest } = await exportModelPack({ artefacts, dir }, model, pipeline);
  return { dir, digest, manifest: JSON.parse(readFileSync(blob(dir, digest), 'utf8')) as PackManifest };
}

describe('a version as ModelPack', () => {
  test('is an OCI layout with the media types of the specification, and the same each time', async () => {
    const { dir, digest, manifest } = await exported();
    expect(readdirSync(dir).sort()).toEqual(['blobs', 'index.json', 'oci-layout']);
    expect(JSON.parse(readFileSync(join(dir, 'oci-layout'), 'utf8'))).toEqual({
      imageLayoutVersion: '1.0.0',
    });
    expect(JSON.parse(readFileSync(join(dir, 'index.json'), 'utf8'))).toMatchObject({
      manifests: [{ digest, annotations: { 'org.opencontainers.image.ref.name': 'pump-health:3' } }],
    });
    expect(manifest.artifactType).toBe('application/vnd.cncf.model.manifest.v1+json');
    const layers = manifest.layers.map((l) => [l.annotations?.['org.cncf.model.filepath'], l.mediaType]);
    expect(layers).toEqual([
      ['model.onnx', 'application/vnd.cncf.model.weight.v1.raw'],
      ['folds/0.onnx', 'application/vnd.cncf.model.weight.v1.raw'],
      ['folds/1.onnx', 'application/vnd.cncf.model.weight.v1.raw'],
      ['baseline.json', 'application/vnd.cncf.model.weight.config.v1.raw'],
      ['golden.json', 'application/vnd.cncf.model.dataset.v1.raw'],
      ['data/manifest.json', 'application/vnd.cncf.model.dataset.v1.raw'],
      ['card.json', 'application/vnd.cncf.model.doc.v1.raw'],
      ['source.tar', 'application/vnd.cncf.model.code.v1.tar'],
      [expect.stringMatching(/^artefacts\/[0-9a-f]{12}$/), 'application/vnd.cncf.model.doc.v1.raw'],
      ['windlass.json', 'application/vnd.cncf.model.weight.config.v1.raw'],
    ]);
    expect(JSON.parse(readFileSync(blob(dir, manifest.config.digest), 'utf8'))).toMatchObject({
      descriptor: { name: 'pump-health', version: '3', authors: ['ada'], revision: 'commit-first' },
      config: { format: 'onnx' },
      modelfs: { type: 'layers', diff_ids: manifest.layers.map((l) => l.digest) },
    });
    for (const { digest: of, size } of [manifest.config, ...manifest.layers]) {
      const bytes = readFileSync(blob(dir, of));
      expect([`sha256:${createHash('sha256').update(bytes).digest('hex')}`, bytes.length]).toEqual([
        of,
        size,
      ]);
    }
    expect((await exported()).digest).toBe(digest);
  });

  test('comes back with every digest, and without state, aliases and author', async () => {
    const { dir, digest } = await exported();
    const pack = await readModelPack(dir);
    expect(pack).toMatchObject({
      name: 'pump-health:3',
      manifest: digest,
      files: [{ path: 'p/1.csv', rows: 10 }],
    });
    const { version: _v, state: _s, aliases: _a, createdAt: _c, createdBy: _b, ...kept } = model;
    expect(pack.registration).toEqual(kept);
    expect(pack.pipeline).toEqual({ ...pipelineVersion(), source: pipeline.source });
    const to = createFileArtefactStore(join(folder.path, 'to'));
    await pack.store(to);
    for (const ref of [model.onnx, model.golden, pipeline.source.bundle, ...Object.values(model.folds)])
      expect(await to.stat(ref.digest)).toEqual(ref);
  });

  test.each([
    [
      'model.onnx',
      (bytes: Buffer) => Buffer.concat([bytes.subarray(0, 3), Buffer.from('X'), bytes.subarray(4)]),
    ],
    ['source.tar', (bytes: Buffer) => bytes.subarray(1)],
    [
      'windlass.json',
      (bytes: Buffer) =>
        Buffer.from(bytes.toString().replace('INFERIOR', 'SUPERIOR').replace('"NO_B', '"SUPE')),
    ],
  ])('a changed %s is refused by name', async (path, change) => {
    const { dir, manifest } = await exported();
    const layer = manifest.layers.find((l) => l.annotations?.['org.cncf.model.filepath'] === path);
    const file = blob(dir, layer?.digest ?? '');
    writeFileSync(file, change(readFileSync(file)));
    await expect(readModelPack(dir)).rejects.toMatchObject({
      code: 'ARTEFACT_CORRUPT',
      message: expect.stringContaining(layer?.digest ?? 'none'),
    });
  });

  test('a changed manifest, a lost blob, a layout of something else', async () => {
    const one = await exported();
    rmSync(blob(one.dir, model.onnx.digest));
    await expect(readModelPack(one.dir)).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: expect.stringContaining(model.onnx.digest),
    });
    const two = await exported();
    writeFileSync(blob(two.dir, two.digest), JSON.stringify({ ...two.manifest, layers: [] }));
    await expect(readModelPack(two.dir)).rejects.toMatchObject({
      code: 'ARTEFACT_CORRUPT',
      message: expect.stringContaining(two.digest),
    });
    await expect(readModelPack(newLayout())).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: expect.stringContaining('holds no named manifest'),
    });
    const { layers } = two.manifest;
    const foreign = Buffer.from(JSON.stringify({ ...two.manifest, layers: layers.slice(0, 1) }));
    const digest = `sha256:${createHash('sha256').update(foreign).digest('hex')}`;
    writeFileSync(blob(two.dir, digest), foreign);
    const index = readFileSync(join(two.dir, 'index.json'), 'utf8').replace(two.digest, digest);
    writeFileSync(join(two.dir, 'index.json'), index);
    await expect(readModelPack(two.dir)).rejects.toMatchObject({
      code: 'INPUT_INVALID',
      message: expect.stringContaining('has no windlass.json: another tool wrote it'),
    });
  });
});
