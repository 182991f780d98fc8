import { lstat, readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { ImageEntry } from '../../ports/image-assembler.ts';

/**
 * All files, folders and links below a folder as entries of an image; owners and times are left
 * behind.
 */
export async function entriesOfFolder(root: string, below = ''): Promise<ImageEntry[]> {
  const entries: ImageEntry[] = [];
  for (const name of (await readdir(join(root, below))).sort()) {
    const path = below === '' ? name : `${below}/${name}`;
    const found = await lstat(join(root, path));
    const mode = found.mode & 0o1777;
    if (found.isSymbolicLink())
      entries.push({ type: 'symlink', path, target: await readlink(join(root, path)) });
    else if (found.isDirectory())
      entries.push({ type: 'directory', path, mode }, ...(await entriesOfFolder(root, path)));
    else if (found.isFile()) entries.push({ type: 'file', path, content: { file: join(root, path) }, mode });
  }
  return entries;
}
