import { randomUUID } from 'node:crypto';
import { mkdir, readFile, realpath, rm } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { Readable } from 'node:stream';
import type Docker from 'dockerode';
import { pack } from 'tar-stream';
import { z } from 'zod';
import { WindlassError } from '../../errors/windlass-error.ts';
import type { ImageEntry } from '../../ports/image-assembler.ts';
import { digestOf } from '../../base/digest.ts';
import { requireMachinePlatform } from '../oci/environment.ts';
import type { Environment, EnvironmentBuilder, EnvironmentRequest } from '../oci/environment.ts';
import { IMAGE_USER } from '../oci/image-config.ts';
import { compressLayer, openTar } from '../oci/layer.ts';
import type { Layer } from '../oci/layer.ts';
import { keyOfEntries } from '../oci/layer-cache.ts';
import type { LayerCache } from '../oci/layer-cache.ts';
import type { OciLayoutStore } from '../oci/layout-store.ts';
import { machineEnvironment } from '../oci/machine-environment.ts';
import { nativeFiles } from '../oci/npm-packages.ts';
import { machinePlatform } from '../oci/platform.ts';
import { packTar } from '../oci/tar.ts';
import { unpackTar } from '../oci/unpack.ts';
import { findBaseImage } from './base-image.ts';
import type { BaseImage } from './base-image.ts';
import { followProgress, OWNED_LABEL, within } from './engine.ts';
import { entriesOfFolder } from '../oci/folder-entries.ts';
import { PROOF_MARK, PROOF_PROGRAM } from './environment-proof.ts';

const BUILD_TIMEOUT_MS = 600_000;

interface DockerEnvironmentOptions {
  readonly docker: Docker;
  readonly store: OciLayoutStore;
  readonly cache: LayerCache;
  /** Base image with Node 24; without it the environment is made of this machine's files. */
  readonly baseImage?: string;
}

/**
 * Builds the environment on a Docker Engine: base image or this machine's files, then a RUN step
 * that proves that Node starts in it as the image's user and ONNX Runtime scores. The layers are
 * exported and kept by the digest of all inputs; those of this machine's files are packed anew with
 * fixed times and owners, so that they equal what a build without an engine gives.
 */
export function createDockerEnvironment(options: DockerEnvironmentOptions): EnvironmentBuilder {
  const { docker, store, cache, baseImage } = options;

  const fromBase = async (reference: string, request: EnvironmentRequest): Promise<Environment> => {
    const base = await findBaseImage(docker, {
      reference,
      platform: request.platform,
      progress: request.progress,
    });
    const key = digestOf(JSON.stringify(['windlass.base/1', base.id, await keyOfEntries(request.runtime)]));
    const found = await cache.find(key);
    if (found !== undefined) return { layers: found, env: base.env, reused: true };
    const native = request.platform === machinePlatform();
    if (!native)
      request.progress?.(
        `${request.platform}: another machine's platform, so its environment is not proved here`,
      );
    const layers = native
      ? await prove({ request, base, keep: (folder, files) => packEach(folder, files) })
      : await exportImage(base.id, base.layers, packEach);
    await cache.save(key, layers);
    return { layers, env: base.env, reused: false };
  };

  const fromMachine = async (request: EnvironmentRequest): Promise<Environment> => {
    requireMachinePlatform(request.platform);
    const entries = await machineEnvironment(nativeFiles(request.runtime));
    const keys = [await keyOfEntries(entries), await keyOfEntries(request.runtime)];
    const key = digestOf(JSON.stringify(['windlass.environment/1', ...keys]));
    const found = await cache.find(key);
    if (found !== undefined) return { layers: found, env: [], reused: true };
    const layers = await prove({
      request,
      entries,
      keep: async (folder, [file = '']) => {
        const root = join(folder, 'rootfs');
        await unpackTar(await openTar(file), root);
        return [(await cache.layerOf(await entriesOfFolder(root), request.signal)).layer];
      },
    });
    await cache.save(key, layers);
    return { layers, env: [], reused: false };
  };

  /**
   * Builds environment and proof, and gives the environment's layers (tar files, lowest first) to
   * `keep`.
   */
  const prove = async (job: {
    request: EnvironmentRequest;
    base?: BaseImage;
    entries?: readonly ImageEntry[];
    keep: (folder: string, layers: string[]) => Promise<Layer[]>;
  }): Promise<Layer[]> => {
    const { request, base, entries } = job;
    const tag = `windlass-environment:${randomUUID()}`;
    request.progress?.(`${request.platform}: building the environment on the Docker Engine`);
    try {
      const context = buildContext({ base: base?.id, entries, runtime: request.runtime });
      const stream = await within(
        BUILD_TIMEOUT_MS,
        'build the environment',
        docker.buildImage(context, {
          t: tag,
          nocache: true,
          rm: true,
          forcerm: true,
          networkmode: 'none',
          labels: { [OWNED_LABEL]: 'environment' },
          abortSignal: request.signal,
        }),
      );
      const log = await followProgress(docker, stream, {
        what: 'The build of the environment',
        timeoutMs: BUILD_TIMEOUT_MS,
      });
      if (!log.includes(`${PROOF_MARK} {`))
        throw new WindlassError('PACKAGING_FAILED', 'The environment was built, but its proof did not run.', {
          details: { log: log.split('\n').slice(-20) },
        });
      request.progress?.(/windlass-proof .*/.exec(log)?.[0] ?? PROOF_MARK);
      return await exportImage(tag, base?.layers ?? 1, job.keep);
    } finally {
      await docker
        .getImage(tag)
        .remove({ force: true })
        .catch(() => undefined);
    }
  };

  const exportImage = async (
    name: string,
    count: number,
    keep: (folder: string, layers: string[]) => Promise<Layer[]>,
  ): Promise<Layer[]> => {
    const folder = join(store.scratch, randomUUID());
    await mkdir(folder, { recursive: true });
    try {
      const saved = await within(60_000, 'export the environment', docker.getImage(name).get());
      await within(
        BUILD_TIMEOUT_MS,
        'export the environment',
        unpackTar(Readable.from(saved), join(folder, 'save')),
      );
      return await keep(folder, (await savedLayers(join(folder, 'save'))).slice(0, count));
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  };

  const packEach = async (_folder: string, files: string[]): Promise<Layer[]> => {
    const layers: Layer[] = [];
    for (const file of files) {
      const { path, ...layer } = await compressLayer(await openTar(file), store.scratch);
      await store.adoptBlob(layer.digest, path);
      layers.push(layer);
    }
    return layers;
  };

  return {
    build: (request) => (baseImage === undefined ? fromMachine(request) : fromBase(baseImage, request)),
  };
}

function buildContext(parts: {
  base?: string;
  entries?: readonly ImageEntry[];
  runtime: readonly ImageEntry[];
}): NodeJS.ReadableStream {
  const dockerfile = [
    parts.base === undefined ? 'FROM scratch' : `FROM ${parts.base}`,
    ...(parts.entries === undefined ? [] : ['ADD environment.tar /', 'ENV PATH=/usr/local/bin']),
    'ADD runtime.tar /',
    'COPY prove.cjs /windlass/prove.cjs',
    'ENV ORT_DISABLE_TELEMETRY=1',
    `USER ${IMAGE_USER}:${IMAGE_USER}`,
    'RUN ["node", "/windlass/prove.cjs"]',
    '',
  ].join('\n');
  const context = pack();
  const add = async (): Promise<void> => {
    context.entry({ name: 'Dockerfile' }, dockerfile);
    context.entry({ name: 'prove.cjs' }, PROOF_PROGRAM);
    if (parts.entries !== undefined) await addTar(context, 'environment.tar', parts.entries);
    await addTar(context, 'runtime.tar', parts.runtime);
    context.finalize();
  };
  add().catch((error: unknown) => context.destroy(error instanceof Error ? error : new Error(String(error))));
  return Readable.from(context, { objectMode: false });
}

/** A tar inside the tar: its length must be known before its first byte, so it is packed twice. */
async function addTar(
  context: ReturnType<typeof pack>,
  name: string,
  entries: readonly ImageEntry[],
): Promise<void> {
  let size = 0;
  for await (const chunk of packTar(entries)) size += (chunk as Buffer).length;
  await new Promise<void>((resolve, reject) => {
    const sink = context.entry({ name, size }, (error) => (error ? reject(error) : resolve()));
    packTar(entries)
      .once('error', reject)
      .pipe(sink as unknown as NodeJS.WritableStream);
  });
}

const savedManifestSchema = z.array(z.object({ Layers: z.array(z.string()) })).length(1);

/**
 * Layer files of an unpacked `docker save`, lowest first; the names are the engine's, but none may
 * leave the folder.
 */
async function savedLayers(folder: string): Promise<string[]> {
  const root = await realpath(folder);
  const manifest = savedManifestSchema.parse(JSON.parse(await readFile(join(root, 'manifest.json'), 'utf8')));
  return Promise.all(
    (manifest[0]?.Layers ?? []).map(async (name) => {
      const path = await realpath(join(root, name));
      if (path.startsWith(root + sep)) return path;
      throw new WindlassError('PACKAGING_FAILED', `The exported layer ${name} lies outside the export.`);
    }),
  );
}
