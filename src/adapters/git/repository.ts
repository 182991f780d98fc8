import { realpath, stat } from 'node:fs/promises';
import { relative, sep } from 'node:path';
import { isGitUrl } from '../../domain/git/address.ts';
import { WindlassError } from '../../errors/windlass-error.ts';
import { git, GitError, gitText } from './git-command.ts';
import { commitOf, mirrorCommit, noSuchRef } from './mirror.ts';

/** A project inside a repository that can be read now. */
export interface LocatedProject {
  /** Folder that git is run in: the work tree, or a bare mirror. */
  readonly gitDir: string;
  /** What people know the repository by: its folder or its URL without credentials. */
  readonly repository: string;
  /** Project folder relative to the repository's root, with `/`; empty for the root. */
  readonly subfolder: string;
  /** The checked-out folder, when there is one. */
  readonly workTree: string | null;
}

async function locateFolder(project: string): Promise<LocatedProject> {
  const info = await stat(project).catch(() => undefined);
  if (info === undefined || !info.isDirectory())
    throw new WindlassError(
      'PROJECT_NOT_FOUND',
      info === undefined ? `There is no folder ${project}.` : `${project} is not a folder.`,
    );
  const folder = await realpath(project);
  let top: string;
  try {
    top = await realpath(await gitText(['rev-parse', '--show-toplevel'], { cwd: folder }));
  } catch (error) {
    const words = error instanceof GitError ? error.stderr : String(error);
    if (/dubious ownership/.test(words))
      throw new WindlassError(
        'PROJECT_NOT_FOUND',
        `git refuses to read ${project}: it belongs to another user.`,
        {
          hint: `Trust it with: git config --global --add safe.directory ${folder}`,
        },
      );
    throw new WindlassError(
      'PROJECT_NOT_FOUND',
      `${project} is not inside a git repository: a version must be traceable to a commit.`,
      { hint: 'Run `git init`, add the files and commit them; or name another folder.', cause: error },
    );
  }
  const subfolder = relative(top, folder).split(sep).join('/');
  return { gitDir: top, repository: top, subfolder, workTree: folder };
}

async function locateUrl(
  project: string,
  { ref, mirrors, signal }: LocateOptions,
): Promise<LocatedProject & { commit: string }> {
  const hash = project.indexOf('#');
  const url = hash === -1 ? project : project.slice(0, hash);
  const subfolder = hash === -1 ? '' : project.slice(hash + 1).replaceAll(/^\/+|\/+$/g, '');
  if (subfolder.split('/').includes('..'))
    throw new WindlassError(
      'PROJECT_NOT_FOUND',
      `The folder after # must lie inside the repository: ${subfolder}`,
    );
  const { gitDir, repository, commit } = await mirrorCommit({ url, ref, mirrors, signal });
  return { gitDir, repository, subfolder, workTree: null, commit };
}

interface LocateOptions {
  readonly ref: string;
  readonly mirrors: string;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Finds the commit that a ref names in a project's repository: a folder inside a work tree, or a
 * git URL with `#subfolder`, which is mirrored below `mirrors`. Throws PROJECT_NOT_FOUND when there
 * is no such place or ref, SOURCE_UNREACHABLE.
 */
export async function locateProject(
  project: string,
  options: LocateOptions,
): Promise<LocatedProject & { readonly commit: string }> {
  const { ref } = options;
  if (ref.startsWith('-') || /[\s\u0000-\u001f]/.test(ref))
    throw new WindlassError('PROJECT_NOT_FOUND', `"${ref}" is not a branch, tag or commit.`, {
      hint: 'A ref does not begin with "-" and holds no white space.',
    });
  if (isGitUrl(project)) return locateUrl(project, options);
  const located = await locateFolder(project);
  return { ...located, commit: await resolveCommit(located, ref) };
}

/**
 * The full commit id that a branch, tag or commit names; throws PROJECT_NOT_FOUND when it names
 * nothing.
 */
async function resolveCommit(located: LocatedProject, ref: string): Promise<string> {
  for (const name of [ref, `refs/remotes/origin/${ref}`]) {
    const found = await commitOf(located.gitDir, name);
    if (found !== undefined) return found;
  }
  throw noSuchRef(located.repository, ref);
}

/**
 * Files of the project folder that differ from the commit or are not committed; what git ignores
 * does not count.
 */
export async function dirtyFiles(located: LocatedProject): Promise<string[]> {
  if (located.workTree === null) return [];
  const out = await git(
    ['status', '--porcelain=v1', '-z', '--untracked-files=all', '--no-renames', '--', '.'],
    {
      cwd: located.workTree,
    },
  );
  return out
    .toString('utf8')
    .split('\0')
    .filter((line) => line.length > 3)
    .map((line) => `${line.slice(0, 2)} ${line.slice(3)}`);
}
