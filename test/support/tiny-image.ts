import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import { writeModelFolder, type TinyModel, type TinyModelOptions } from './tiny-model.ts';

export interface TinyImage {
  /** `localhost/windlass/<name>@sha256:…` of the index. */
  readonly reference: string;
  readonly model: TinyModel;
  /** Digests of the layers, the model's last. */
  readonly layers: readonly string[];
}

const architecture =
  ({ x64: 'amd64', arm64: 'arm64' } as Record<string, string>)[process.arch] ?? process.arch;

async function layer(files: Readonly<Record<string, Buffer>>): Promise<Buffer> {
  const tar = pack();
  for (const [name, bytes] of Object.entries(files)) tar.entry({ name, mtime: new Date(0) }, bytes);
  tar.finalize();
  return gzipSync(await buffer(tar));
}

async function filesBelow(folder: string, prefix: string): Promise<Record<string, Buffer>> {
  const names = (await readdir(folder)).sort();
  return Object.fromEntries(
    await Promise.all(
      names.map(async (name) => [`${prefix}/${name}`, await readFile(join(folder, name))] as const),
    ),
  );
}

/**
 * Writes an image with a tiny model into an OCI layout folder, for this machine's platform: only
 * what a virtual device reads.
 */
export async function writeTinyImage(
  images: string,
  options: TinyModelOptions & { readonly entry?: string } = {},
): Promise<TinyImage> {
  const blobs = join(images, 'blobs', 'sha256');
  await mkdir(blobs, { recursive: true });
  const put = async (bytes: Buffer, mediaType: string) => {
    const hex = createHash('sha256').update(bytes).digest('hex');
    await writeFile(join(blobs, hex), bytes);
    return { mediaType, digest: `sha256:${hex}`, size: bytes.length };
  };
  const root = await mkdtemp(join(tmpdir(), 'windlass-image-'));
  try {
    const model = await writeModelFolder(root, options);
    const tars = [
      await layer({ 'usr/share/doc/readme': Buffer.from('the environment') }),
      await layer(await filesBelow(join(root, 'entry'), 'windlass/entry')),
      await layer(await filesBelow(join(root, 'model'), 'windlass/model')),
    ];
    const layers = await Promise.all(
      tars.map((tar) => put(tar, 'application/vnd.oci.image.layer.v1.tar+gzip')),
    );
    const json = (value: unknown) => Buffer.from(JSON.stringify(value));
    const config = await put(
      json({ architecture, os: 'linux', config: {}, rootfs: { type: 'layers', diff_ids: [] } }),
      'application/vnd.oci.image.config.v1+json',
    );
    const manifestType = 'application/vnd.oci.image.manifest.v1+json';
    const manifest = await put(
      json({ schemaVersion: 2, mediaType: manifestType, config, layers }),
      manifestType,
    );
    const indexType = 'application/vnd.oci.image.index.v1+json';
    const manifests = [{ ...manifest, platform: { os: 'linux', architecture } }];
    const index = await put(json({ schemaVersion: 2, mediaType: indexType, manifests }), indexType);
    const reference = `localhost/windlass/${model.manifest.name}@${index.digest}`;
    return { reference, model, layers: layers.map((l) => l.digest) };
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}
