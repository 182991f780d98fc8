import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createFileArtefactStore } from '../../src/adapters/blob/file-artefact-store.ts';
import { exportModelPack } from '../../src/adapters/oci/export-model-pack.ts';
import { createOnnxModelRuntime } from '../../src/adapters/onnx/onnx-model-runtime.ts';
import { readModelPack } from '../../src/adapters/oci/import-model-pack.ts';
import type { PackManifest } from '../../src/adapters/oci/model-pack.ts';
import type { GateResult } from '../../src/contracts/gate.ts';
import type { ModelVersion } from '../../src/contracts/model/model-version.ts';
import type { PipelineVersion } from '../../src/contracts/build/pipeline-version.ts';
import { judgePack } from '../../src/cli/commands/models/judge-pack.ts';
import { packedVersion } from '../support/pack-fixture.ts';
import { digestOf } from '../support/registry-fixtures.ts';
import { tempFolder } from '../support/temp-folder.ts';

const folder = tempFolder('model-pack');
const artefacts = createFileArtefactStore(join(folder.path, 'from'));
let model: ModelVersion;
let pipeline: PipelineVersion;
let layouts = 0;

beforeAll(async () => {
  const { registration, pipeline: made } = await packedVersion(artefacts);
  const ofALaterRelease = { explanation: await artefacts.put('of a later release', 'application/json') };
  model = {
    ...registration,
    ...ofALaterRelease,
    version: '3',
    state: 'approved',
    aliases: ['champion'],
    createdBy: 'ada',
    createdAt: '2026-01-01T00:00:00.000Z',
  };
  pipeline = { ...made, version: '1', createdAt: model.createdAt };
});
afterAll(() => folder.remove());

const newLayout = () => join(folder.path, `layout-${(layouts += 1)}`);
const blob = (dir: string, digest: string) => join(dir, 'blobs/sha256', digest.slice(7));

/**
 * An exported layout and its manifest; a pack of what contradicts itself is written just the same.
 */
async function exported(
  version: ModelVersion = model,
  published: PipelineVersion = pipeline,
): Promise<{ dir: string; digest: string; manifest: PackManifest }> {
  const dir = newLayout();
  const { manifest: digest } = await exportModelPack({ artefacts, dir }, version, published);
  return { dir, digest, manifest: JSON.parse(readFileSync(blob(dir, digest), 'utf8')) as PackManifest };
}

/** Puts another manifest in the place of the one that the index names. */
function replaceManifest({ dir, digest }: { dir: string; digest: string }, manifest: object): void {
  const text = JSON.stringify(manifest);
  writeFileSync(blob(dir, digestOf(text)), text);
  const index = readFileSync(join(dir, 'index.json'), 'utf8').replace(digest, digestOf(text));
  writeFileSync(join(dir, 'index.json'), index);
}

/** A manifest in which the layers at two paths stand at each other's; one path may be nobody's. */
function withLayer(manifest: PackManifest, one: string, other: string): PackManifest {
  const key = 'org.cncf.model.filepath';
  const moved = new Map([
    [one, other],
    [other, one],
  ]);
  const layers = manifest.layers.map((layer) => {
    const path = moved.get(layer.annotations?.[key] ?? '');
    return path === undefined ? layer : { ...layer, annotations: { [key]: path } };
  });
  return { ...manifest, layers };
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
      files: [{ path: 'p/0.csv', rows: 10 }, { path: 'p/1.csv' }],
    });
    const { version: _v, state: _s, aliases: _a, createdAt: _c, createdBy: _b, ...kept } = model;
    expect(pack.registration).toEqual(kept);
    const { version: _pv, createdAt: _pc, ...published } = pipeline;
    expect(pack.pipeline).toEqual(published);
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
    replaceManifest(two, { ...two.manifest, layers: two.manifest.layers.slice(0, 1) });
    await expect(readModelPack(two.dir)).rejects.toMatchObject({
      code: 'INPUT_INVALID',
      message: expect.stringContaining('has no windlass.json: another tool wrote it'),
    });
  });

  /** A change, and the field that the refusal names. */
  type Forged = readonly [string, (parts: Parts) => { model?: ModelVersion; pipeline?: PipelineVersion }];
  interface Parts {
    readonly model: ModelVersion;
    readonly pipeline: PipelineVersion;
  }
  const forged: readonly Forged[] = [
    [
      'registration.pipeline.name',
      ({ model: m }) => ({ model: { ...m, pipeline: { name: 'other', version: '1' } } }),
    ],
    ['pipeline.spec.name', ({ pipeline: p }) => ({ pipeline: { ...p, name: 'other' } })],
    [
      'pipeline.spec is not what',
      ({ pipeline: p }) => ({
        pipeline: { ...p, spec: { ...p.spec, registry: { approvals: 0, approvers: ['mallory'] } } },
      }),
    ],
    ['pipeline.digest', ({ pipeline: p }) => ({ pipeline: { ...p, digest: digestOf('of another one') } })],
    ['pipeline.digest', ({ pipeline: p }) => ({ pipeline: { ...p, source: { ...p.source, dirty: true } } })],
    ['registration.digest', ({ model: m }) => ({ model: { ...m, digest: digestOf('another model') } })],
    [
      'registration.data.digest',
      ({ model: m }) => ({ model: { ...m, data: { ...m.data, digest: digestOf('x') } } }),
    ],
    ['registration.data.rows', ({ model: m }) => ({ model: { ...m, data: { ...m.data, rows: 7 } } })],
    ['registration.data.files', ({ model: m }) => ({ model: { ...m, data: { ...m.data, files: 1 } } })],
    ['registration.folds.9', ({ model: m }) => ({ model: { ...m, folds: { ...m.folds, 9: m.onnx } } })],
    ['registration.folds.../x', ({ model: m }) => ({ model: { ...m, folds: { '../x': m.onnx } } })],
    ['registration.gates', ({ model: m }) => ({ model: { ...m, gates: [] } })],
    [
      'registration.gates.0.status',
      ({ model: m }) => ({
        model: { ...m, gates: m.gates.map((gate) => ({ ...gate, status: 'fine' as never })) },
      }),
    ],
    [
      'registration.comparison.verdict',
      ({ model: m }) => ({
        model: { ...m, comparison: { ...m.comparison, verdict: 'GREAT' as never } },
      }),
    ],
    [
      'registration.metrics.confusion.tp',
      ({ model: m }) => ({
        model: { ...m, metrics: { ...m.metrics, confusion: { ...m.metrics.confusion, tp: -1 } } },
      }),
    ],
  ];
  test.each(forged)('is refused when it contradicts itself: %s', async (field, change) => {
    const { model: m = model, pipeline: p = pipeline } = change({ model, pipeline });
    const { dir } = await exported(m, p);
    await expect(readModelPack(dir)).rejects.toMatchObject({
      code: 'INPUT_INVALID',
      message: expect.stringContaining(field),
    });
  });

  test.each([
    ['layers[model.onnx].digest', (m: PackManifest) => withLayer(m, 'folds/0.onnx', 'model.onnx')],
    ['layers[notes.txt]', (m: PackManifest) => withLayer(m, 'card.json', 'notes.txt')],
    ['layers.length', (m: PackManifest) => ({ ...m, layers: [...m.layers, ...m.layers.slice(-1)] })],
    ['config.modelfs.diff_ids', (m: PackManifest) => ({ ...m, layers: m.layers.toReversed() })],
    ['config.size: ', (m: PackManifest) => ({ ...m, config: { ...m.config, size: -1 } })],
    ['layers.0.digest: ', (m: PackManifest) => ({ ...m, layers: [{ ...m.layers[0], digest: 'sha256:..' }] })],
  ])('is refused for its manifest: %s', async (field, change) => {
    const pack = await exported();
    replaceManifest(pack, change(pack.manifest));
    await expect(readModelPack(pack.dir)).rejects.toMatchObject({
      code: 'INPUT_INVALID',
      message: expect.stringContaining(field),
    });
  });

  test('with documents that are none, or a bundle that says something else, is refused', async () => {
    for (const text of ['not JSON', '[]', '{"manifests": 3}']) {
      const { dir } = await exported();
      writeFileSync(join(dir, 'index.json'), text);
      await expect(readModelPack(dir)).rejects.toMatchObject({ code: 'INPUT_INVALID' });
    }
    const manifest = await artefacts.put('{"schema":"windlass.data/1"}', 'application/json');
    const noManifest = await exported({ ...model, data: { ...model.data, manifest } });
    await expect(readModelPack(noManifest.dir)).rejects.toMatchObject({
      code: 'INPUT_INVALID',
      message: expect.stringContaining('data/manifest.json'),
    });
    const other = await packedVersion(artefacts, { name: 'other' });
    const swapped = { ...pipeline, source: { ...pipeline.source, bundle: other.pipeline.source.bundle } };
    await expect(readModelPack((await exported(model, swapped)).dir)).rejects.toMatchObject({
      message: expect.stringContaining('pipeline.spec is not what windlass.yaml in source.tar says'),
    });
    const garbage = { ...swapped.source, bundle: await artefacts.put('no tar', 'application/x-tar') };
    await expect(
      readModelPack((await exported(model, { ...swapped, source: garbage })).dir),
    ).rejects.toMatchObject({ code: 'INPUT_INVALID', message: expect.stringContaining('source.tar') });
  });

  test('its model is judged here, whatever it says of its gates', async () => {
    const models = createOnnxModelRuntime({ timeoutMs: 60_000 });
    const sound = await readModelPack((await exported()).dir);
    const gates = await judgePack(models, sound, {});
    expect(gates.map((gate) => gate.name)).toEqual(
      expect.arrayContaining(['golden-parity', 'onnx-signature']),
    );
    const lying = await packedVersion(artefacts, { goldenError: 0.2 });
    const pack = await exported({ ...model, ...lying.registration });
    await expect(judgePack(models, await readModelPack(pack.dir), {})).rejects.toMatchObject({
      code: 'GATE_FAILED',
      message: expect.stringContaining('golden-parity'),
    });
    // Golden rows of a quantised model are its own predictions: that it is one excuses little of
    // what differs.
    const kept = { kept: 'int8', from: model.digest, report: model.golden, parityTolerance: 0.02 } as const;
    const judged = async (goldenError: number): Promise<readonly GateResult[]> => {
      const { registration } = await packedVersion(artefacts, { goldenError });
      const { dir } = await exported({ ...model, ...registration, optimisation: kept });
      return judgePack(models, await readModelPack(dir), {});
    };
    expect((await judged(0.01)).find((gate) => gate.name === 'golden-parity')).toMatchObject({
      status: 'pass',
      threshold: 0.02,
    });
    await expect(judged(0.2)).rejects.toMatchObject({ message: expect.stringContaining('golden-parity') });
    const file = blob(pack.dir, lying.registration.onnx.digest);
    const changed = await readModelPack(pack.dir);
    rmSync(file);
    writeFileSync(file, 'changed since');
    await expect(judgePack(models, changed, {})).rejects.toMatchObject({ code: 'ARTEFACT_CORRUPT' });
  }, 120_000);
});
