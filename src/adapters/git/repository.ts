import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, realpath, rm, stat } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import lockfile from 'proper-lockfile';
import { isGitUrl } from '../../domain/git-url.ts';
import { WindlassError } from '../../errors/windlass-error.ts';
import { git, GitError, gitText } from './git-command.ts';

const FETCH_TIMEOUT_MS = 10 * 60_000;

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

function withoutCredentials(url: string): string {
  return url.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/@]*@/i, '$1');
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
  mirrors: string,
  signal: AbortSignal | undefined,
): Promise<LocatedProject> {
  const hash = project.indexOf('#');
  const url = hash === -1 ? project : project.slice(0, hash);
  const subfolder = hash === -1 ? '' : project.slice(hash + 1).replaceAll(/^\/+|\/+$/g, '');
  if (subfolder.split('/').includes('..'))
    throw new WindlassError(
      'PROJECT_NOT_FOUND',
      `The folder after # must lie inside the repository: ${subfolder}`,
    );
  const repository = withoutCredentials(url);
  const mirror = join(mirrors, `${createHash('sha256').update(repository).digest('hex').slice(0, 24)}.git`);
  await mkdir(mirrors, { recursive: true });
  const release = await lockfile.lock(mirror, {
    realpath: false,
    stale: 20_000,
    retries: { retries: 600, minTimeout: 500, maxTimeout: 1000 },
  });
  try {
    if (!existsSync(join(mirror, 'windlass-complete'))) {
      await rm(mirror, { recursive: true, force: true });
      await git(['init', '--quiet', '--bare', mirror]);
    }
    await git(
      [
        'fetch',
        '--quiet',
        '--force',
        '--prune',
        '--no-recurse-submodules',
        '--end-of-options',
        url,
        '+refs/heads/*:refs/heads/*',
        '+refs/tags/*:refs/tags/*',
        '+HEAD:refs/windlass/head',
      ],
      { cwd: mirror, timeoutMs: FETCH_TIMEOUT_MS, signal },
    );
    await mkdir(join(mirror, 'windlass-complete'), { recursive: true });
  } catch (error) {
    signal?.throwIfAborted();
    const words = error instanceof GitError ? withoutCredentials(error.stderr) : String(error);
    throw new WindlassError('SOURCE_UNREACHABLE', `${repository} cannot be fetched: ${words}`, {
      cause: error,
    });
  } finally {
    await release().catch(() => undefined);
  }
  return { gitDir: mirror, repository, subfolder, workTree: null };
}

/** Finds the repository of a project: a folder inside a work tree, or a git URL with `#subfolder`, which is mirrored below `mirrors`. */
export async function locateProject(
  project: string,
  options: { readonly mirrors: string; readonly signal?: AbortSignal },
): Promise<LocatedProject> {
  return isGitUrl(project) ? locateUrl(project, options.mirrors, options.signal) : locateFolder(project);
}

/** The full commit id that a branch, tag or commit names; throws PROJECT_NOT_FOUND when it names nothing. */
export async function resolveCommit(located: LocatedProject, ref: string): Promise<string> {
  const name = located.workTree === null && ref === 'HEAD' ? 'refs/windlass/head' : ref;
  const tries = [name, `refs/remotes/origin/${name}`];
  for (const candidate of tries) {
    const found = await gitText(
      ['rev-parse', '--verify', '--quiet', '--end-of-options', `${candidate}^{commit}`],
      {
        cwd: located.gitDir,
      },
    ).catch(() => '');
    if (/^[0-9a-f]{40,64}$/.test(found)) return found;
  }
  throw new WindlassError(
    'PROJECT_NOT_FOUND',
    ref === 'HEAD'
      ? `${located.repository} has no commit yet.`
      : `${located.repository} has no branch, tag or commit "${ref}".`,
    { hint: 'Name a branch, tag or commit that exists, or push it first.' },
  );
}

/** Files of the project folder that differ from the commit or are not committed; what git ignores does not count. */
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
