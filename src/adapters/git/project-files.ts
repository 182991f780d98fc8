import { lstat, readFile, readlink } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { WindlassError } from '../../errors/windlass-error.ts';
import type { ProjectFile } from '../../ports/source-control.ts';
import { git } from './git-command.ts';
import type { LocatedProject } from './repository.ts';

const MAX_BYTES = 256 * 1024 * 1024;
const KINDS: Record<string, ProjectFile['kind']> = {
  '100644': 'file',
  '100755': 'executable',
  '120000': 'link',
};

function refuse(message: string, hint: string): never {
  throw new WindlassError('PROJECT_INVALID', message, { hint });
}

function submodule(path: string): never {
  refuse(
    `${path} is a git submodule: its content is not in the commit.`,
    'Copy the files in, or install the package through the lock file.',
  );
}

/** Refuses what would not be the same on another machine. */
function checked(file: ProjectFile): ProjectFile {
  const { path, kind, content } = file;
  if (kind === 'link') {
    const target = posix.normalize(posix.join(posix.dirname(path), content.toString('utf8')));
    if (posix.isAbsolute(content.toString('utf8')) || target === '..' || target.startsWith('../'))
      refuse(
        `${path} is a link that leaves the project folder.`,
        'Link inside the folder, or copy the file in.',
      );
  }
  if (content.length < 1024 && content.toString('latin1').startsWith('version https://git-lfs.github.com/'))
    refuse(
      `${path} is a Git LFS pointer, not the file.`,
      'Keep large files in the data set, not in the project.',
    );
  return file;
}

/** Refuses a folder that is too large before any of it is read. */
function refuseLarge(sizes: readonly number[]): void {
  const bytes = sizes.reduce((sum, size) => sum + size, 0);
  if (bytes > MAX_BYTES)
    refuse(
      `The project folder holds ${Math.round(bytes / 1e6)} MB; at most ${MAX_BYTES / 2 ** 20} MiB can be a source bundle.`,
      'Move data out of the project folder; it is given to training as a data set.',
    );
}

function inOrder(files: ProjectFile[]): ProjectFile[] {
  return files.map(checked).sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
}

/** Splits the answer of `git cat-file --batch`: "<id> blob <size>\n<bytes>\n" per object. */
function splitBatch(out: Buffer, count: number): Buffer[] {
  const contents: Buffer[] = [];
  let at = 0;
  for (let i = 0; i < count; i += 1) {
    const end = out.indexOf(10, at);
    const header = out.subarray(at, end).toString('utf8').split(' ');
    const size = Number(header[2]);
    if (header[1] !== 'blob' || !Number.isInteger(size))
      throw new WindlassError('SOURCE_UNREACHABLE', `git has no content for object ${header[0] ?? '?'}.`);
    contents.push(out.subarray(end + 1, end + 1 + size));
    at = end + 1 + size + 1;
  }
  return contents;
}

/** The files of the project folder as they are in a commit, sorted by path. */
export async function filesOfCommit(located: LocatedProject, commit: string): Promise<ProjectFile[]> {
  const tree = located.subfolder === '' ? `${commit}^{tree}` : `${commit}:${located.subfolder}`;
  const listing = await git(['ls-tree', '-r', '-l', '-z', '--full-tree', tree], {
    cwd: located.gitDir,
  }).catch((error: unknown) => {
    throw new WindlassError(
      'PROJECT_NOT_FOUND',
      `${located.repository} has no folder "${located.subfolder}" at commit ${commit.slice(0, 12)}.`,
      { cause: error },
    );
  });
  const entries = listing
    .toString('utf8')
    .split('\0')
    .filter((line) => line !== '')
    .map((line) => {
      const tab = line.indexOf('\t');
      const [mode = '', , id = '', size] = line.slice(0, tab).split(/ +/);
      const path = line.slice(tab + 1);
      if (mode === '160000') submodule(path);
      return { path, id, kind: KINDS[mode] ?? 'file', size: Number(size) };
    });
  refuseLarge(entries.map((e) => e.size));
  const out = await git(['cat-file', '--batch'], {
    cwd: located.gitDir,
    input: entries.map((e) => `${e.id}\n`).join(''),
  });
  const contents = splitBatch(out, entries.length);
  return inOrder(entries.map(({ path, kind }, i) => ({ path, kind, content: contents[i] as Buffer })));
}

/**
 * The files of the project folder as they lie on disk, committed or not, without what git ignores;
 * sorted by path.
 */
export async function filesOfWorkTree(folder: string): Promise<ProjectFile[]> {
  const listing = await git(
    ['ls-files', '-z', '--cached', '--others', '--exclude-standard', '--stage', '--', '.'],
    {
      cwd: folder,
    },
  );
  const staged = listing.toString('utf8').split('\0');
  for (const line of staged) if (line.startsWith('160000 ')) submodule(line.slice(line.indexOf('\t') + 1));
  const names = await git(['ls-files', '-z', '--cached', '--others', '--exclude-standard', '--', '.'], {
    cwd: folder,
  });
  const paths = [...new Set(names.toString('utf8').split('\0'))].filter((p) => p !== '');
  const found = await Promise.all(
    paths.map(async (path) => {
      const info = await lstat(join(folder, path)).catch(() => undefined);
      if (info?.isDirectory() === true) submodule(path);
      return info === undefined ? [] : [{ path, info }]; // deleted, but not yet in the index
    }),
  );
  const there = found.flat();
  refuseLarge(there.map(({ info }) => info.size));
  const files = there.map(async ({ path, info }): Promise<ProjectFile> => {
    const full = join(folder, path);
    if (info.isSymbolicLink()) return { path, kind: 'link', content: Buffer.from(await readlink(full)) };
    const executable = (info.mode & 0o100) !== 0;
    return { path, kind: executable ? 'executable' : 'file', content: await readFile(full) };
  });
  return inOrder(await Promise.all(files));
}
