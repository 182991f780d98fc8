import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, resolve, sep } from 'node:path';
import { Readable } from 'node:stream';
import { extract, pack } from 'tar-stream';
import type { ProjectFile } from '../../ports/source-control.ts';

/**
 * A tar of the files that depends on nothing but their paths, kinds and contents: no times, owners
 * or order of disk.
 */
export async function bundleFiles(files: readonly ProjectFile[]): Promise<Buffer> {
  const tar = pack();
  for (const { path, kind, content } of files) {
    const common = { name: path, mtime: new Date(0), uid: 0, gid: 0, uname: '', gname: '' };
    if (kind === 'link')
      tar.entry({ ...common, type: 'symlink', mode: 0o777, linkname: content.toString('utf8') });
    else tar.entry({ ...common, type: 'file', mode: kind === 'executable' ? 0o755 : 0o644 }, content);
  }
  tar.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of tar as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Reads a bundle back; links are given as files of kind "link". */
export async function readBundle(bundle: Buffer): Promise<ProjectFile[]> {
  const files: ProjectFile[] = [];
  const tar = extract();
  Readable.from([bundle]).pipe(tar as unknown as NodeJS.WritableStream);
  for await (const entry of tar) {
    const { header } = entry;
    const chunks: Buffer[] = [];
    for await (const chunk of entry as AsyncIterable<Buffer>) chunks.push(chunk);
    if (header.type === 'symlink') {
      files.push({ path: header.name, kind: 'link', content: Buffer.from(header.linkname ?? '') });
    } else if (header.type === 'file') {
      const kind = ((header.mode ?? 0) & 0o100) !== 0 ? 'executable' : 'file';
      files.push({ path: header.name, kind, content: Buffer.concat(chunks) });
    }
  }
  return files;
}

/**
 * Writes the bundle's files below a folder that exists and is empty; refuses paths that would leave
 * it.
 */
export async function unpackBundle(bundle: Buffer, folder: string): Promise<void> {
  const root = resolve(folder);
  for (const { path, kind, content } of await readBundle(bundle)) {
    const target = resolve(root, path);
    if (!target.startsWith(root + sep))
      throw new RangeError(`the bundle holds a path outside its folder: ${path}`);
    await mkdir(dirname(target), { recursive: true });
    if (kind === 'link') {
      await symlink(content.toString('utf8'), target);
    } else {
      await writeFile(target, content);
      if (kind === 'executable') await chmod(target, 0o755);
    }
  }
}
