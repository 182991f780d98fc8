import { join } from 'node:path';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import {
  createPackagingActivities,
  type PackagingActivities,
} from '../../activities/packaging/packaging-activities.ts';
import type { PackagingDeps, PackagingTools } from '../../activities/packaging/packaging-activities.ts';
import { createFileArtefactStore } from '../../src/adapters/blob/file-artefact-store.ts';
import { bundleFiles, readBundle } from '../../src/adapters/git/source-bundle.ts';
import { openPackagingTools } from '../../src/adapters/docker/packaging-tools.ts';
import { createOciLayoutStore } from '../../src/adapters/oci/layout-store.ts';
import type { OciLayoutStore } from '../../src/adapters/oci/layout-store.ts';
import { openDatabase } from '../../src/adapters/postgres/database.ts';
import { createRegistry } from '../../src/adapters/postgres/registry/registry.ts';
import { systemClock } from '../../src/base/clock.ts';
import type { AssembledImage } from '../../src/ports/image-assembler.ts';
import type { ImageStore } from '../../src/ports/image-store.ts';
import type { ModelVersion } from '../../src/contracts/model/model-version.ts';
import type { Registry } from '../../src/ports/registry/registry.ts';
import type { ProjectFile } from '../../src/ports/source-control.ts';
import { createTestDatabase } from './postgres.ts';
import { nextComparison, pipelineVersion, projectSpec, registration } from './registry-fixtures.ts';
import { tinyBaseline, TINY_COLUMNS, TINY_ENTRY, tinyGolden, tinyModelBytes } from './tiny-model.ts';
import type { TinyModelOptions } from './tiny-model.ts';
import { SERVER } from './shared-layers.ts';

const BY = { actor: 'tester', reason: 'test' };

export interface PackagingFixture {
  readonly registry: Registry;
  /**
   * Registers a tiny model whose project has these files; the same options twice give the same
   * version.
   */
  register(
    options?: TinyModelOptions & { files?: readonly ProjectFile[]; entry?: string; assets?: string[] },
  ): Promise<ModelVersion>;
  /** The packaging activities over an image folder, run as Temporal runs them. */
  activities(
    images: string,
    engine: 'docker' | 'process',
    options?: { baseImage?: string; push?: ImageStore },
  ): PackagingActivities & {
    readonly store: OciLayoutStore;
    readonly assembled: AssembledImage[];
    /** The same activities for a worker, which runs them in Temporal's own environment. */
    readonly inner: PackagingActivities;
  };
  close(): Promise<void>;
}

export function sourceFile(path: string, content: string): ProjectFile {
  return { path, kind: 'file', content: Buffer.from(content) };
}

async function ownRegistry(): Promise<{ registry: Registry; close(): Promise<void> }> {
  const database = await createTestDatabase();
  const db = openDatabase(database.url);
  const close = async (): Promise<void> => {
    await db.destroy();
    await database.drop();
  };
  return { registry: createRegistry(db, systemClock), close };
}

/**
 * A registry on a real PostgreSQL (or the one given), an artefact folder below `dir`, and models
 * that are cheap to make.
 */
export async function openPackagingFixture(dir: string, given?: Registry): Promise<PackagingFixture> {
  const own = given === undefined ? await ownRegistry() : undefined;
  const registry = given ?? own?.registry;
  if (registry === undefined) throw new Error('there is no registry');
  const artefacts = createFileArtefactStore(join(dir, 'artefacts'));

  return {
    registry,
    register: async ({ files, entry = 'entry.js', assets = [], ...options } = {}) => {
      const sources = files ?? [sourceFile('entry.js', TINY_ENTRY), sourceFile('train.py', 'print()')];
      const bundle = await artefacts.put(await bundleFiles(sources), 'application/x-tar');
      const words = `${bundle.digest} ${entry} ${assets.join()}`;
      const base = pipelineVersion(words);
      const spec = projectSpec({
        data: { timestamp: 'datetime', label: 'anomaly', columns: TINY_COLUMNS },
        model: {
          ...projectSpec().model,
          calibration: { ...projectSpec().model.calibration, rows: options.calibrationRows ?? 120 },
        },
        gates: { maxLatencyP99Ms: 100 },
        monitoring: { windowsPerSummary: options.windowsPerSummary ?? 5 },
        serve: { entry, assets },
      });
      const source = { ...base.source, commit: 'c0ffee', bundle };
      const pipeline = await registry.publishPipeline({ ...base, source, spec }, BY);
      const onnx = await artefacts.put(tinyModelBytes(options), 'application/octet-stream');
      const golden = await artefacts.put(JSON.stringify(tinyGolden(options)), 'application/json');
      const baseline = await artefacts.put(JSON.stringify(tinyBaseline()), 'application/json');
      const common = registration('tiny', pipeline.version);
      const name = options.name ?? common.name;
      const comparison = await nextComparison(registry, name);
      return registry.registerModel(
        { ...common, name, comparison, digest: onnx.digest, onnx, golden, baseline },
        BY,
      );
    },
    activities: (images, engine, options = {}) => {
      const store = createOciLayoutStore(images);
      const assembled: AssembledImage[] = [];
      const tools = (): Promise<PackagingTools> =>
        openPackagingTools({ store, server: SERVER, engine, ...options });
      const onAssembled: PackagingDeps['onAssembled'] = (image) => void assembled.push(image);
      const inner = createPackagingActivities({
        registry,
        artefacts,
        source: { readBundle },
        tools,
        onAssembled,
      });
      const environment = new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') });
      return {
        store,
        assembled,
        inner,
        assembleImage: (request) => environment.run(inner.assembleImage, request),
        testImage: (request) => environment.run(inner.testImage, request),
      };
    },
    close: async () => {
      await own?.close();
    },
  };
}
