import { existsSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import lockfile from 'proper-lockfile';
import { sha256Hex } from '../../base/digest.ts';
import { urlProblem, withoutCredentials } from '../../domain/git/address.ts';
import { WindlassError } from '../../errors/windlass-error.ts';
import { waitForLock } from '../process/wait-for-lock.ts';
import { git, GitError, gitText } from './git-command.ts';

const FETCH_TIMEOUT_MS = 10 * 60_000;
const FULL_ID = /^([0-9a-f]{40}|[0-9a-f]{64})$/;
/** Where git looks for a name, in its own order. */
const PLACES = ['', 'refs/', 'refs/tags/', 'refs/heads/'] as const;
/** Keeps what was fetched from git's garbage collection. */
const KEPT = 'refs/windlass/commits';

interface MirrorRequest {
  readonly url: string;
  /** Branch, tag or commit; `HEAD` is the remote's default branch. */
  readonly ref: string;
  readonly mirrors: string;
  readonly signal?: AbortSignal | undefined;
}

/** A bare repository that holds at least one commit of a remote one. */
interface MirroredCommit {
  readonly gitDir: string;
  /** The URL without credentials. */
  readonly repository: string;
  readonly commit: string;
}

/**
 * Brings the commit that a ref names into a bare repository below `mirrors`: only that commit where
 * the server gives single ones, else all branches and tags; nothing is fetched for a full commit id
 * that is there. Throws SOURCE_UNREACHABLE and PROJECT_NOT_FOUND.
 */
export async function mirrorCommit({ url, ref, mirrors, signal }: MirrorRequest): Promise<MirroredCommit> {
  const repository = withoutCredentials(url);
  const problem = urlProblem(url);
  if (problem !== undefined)
    throw new WindlassError('PROJECT_NOT_FOUND', `${repository} is not fetched: ${problem}.`, {
      hint: 'Name the repository by an https or ssh URL.',
    });
  const gitDir = join(mirrors, `${sha256Hex(repository).slice(0, 24)}.git`);
  await mkdir(mirrors, { recursive: true });
  const lock = (): Promise<() => Promise<void>> =>
    lockfile.lock(gitDir, {
      realpath: false,
      stale: 20_000,
      retries: { retries: 2, minTimeout: 250, maxTimeout: 500 },
      onCompromised: () => undefined, // by default it ends the worker; git has locks of its own
    });
  const release = await waitForLock(lock, { signal });
  try {
    if (!existsSync(join(gitDir, 'windlass-complete'))) {
      await rm(gitDir, { recursive: true, force: true });
      await git(['init', '--quiet', '--bare', gitDir]);
      await mkdir(join(gitDir, 'windlass-complete'), { recursive: true });
    }
    const commit = await fetchCommit({ gitDir, url, ref, signal });
    if (commit === undefined) throw noSuchRef(repository, ref);
    return { gitDir, repository, commit };
  } catch (error) {
    signal?.throwIfAborted();
    if (!(error instanceof GitError)) throw error;
    throw new WindlassError('SOURCE_UNREACHABLE', `${repository} cannot be fetched: ${error.stderr}`, {
      cause: error,
    });
  } finally {
    // a lock that was taken over is no longer ours to give back
    await release().catch(() => undefined);
  }
}

interface Fetch {
  readonly gitDir: string;
  readonly url: string;
  readonly ref: string;
  readonly signal: AbortSignal | undefined;
}

async function fetchCommit(fetch: Fetch): Promise<string | undefined> {
  const { gitDir, ref } = fetch;
  if (FULL_ID.test(ref)) {
    const known = await commitOf(gitDir, `${KEPT}/${ref}`);
    if (known !== undefined) return known;
  }
  const wanted = FULL_ID.test(ref) ? ref : await remoteName(fetch);
  const single = wanted !== undefined && (await fetchSingle(fetch, wanted));
  if (!single) await fetchAll(fetch);
  const names = single ? ['refs/windlass/wanted'] : PLACES.map((place) => `${place}${ref}`);
  for (const name of names) {
    const commit = await commitOf(gitDir, name);
    if (commit === undefined) continue;
    await git(['update-ref', `${KEPT}/${commit}`, commit], { cwd: gitDir });
    return commit;
  }
  return undefined;
}

/**
 * The full name of a branch or tag on the remote; undefined when it has none of this name, e.g. for
 * an abbreviated commit id.
 */
async function remoteName({ gitDir, url, ref, signal }: Fetch): Promise<string | undefined> {
  const names = PLACES.map((place) => `${place}${ref}`);
  const out = await gitText(['ls-remote', '--quiet', '--end-of-options', url, ...names], {
    cwd: gitDir,
    timeoutMs: FETCH_TIMEOUT_MS,
    signal,
  });
  const there = new Set(out.split('\n').map((line) => line.split('\t')[1]));
  return names.find((name) => there.has(name));
}

/** Whether the server gave this one ref or commit id by itself. */
async function fetchSingle({ gitDir, url, signal }: Fetch, wanted: string): Promise<boolean> {
  try {
    const refspec = `+${wanted}:refs/windlass/wanted`;
    await git(
      [
        'fetch',
        '--quiet',
        '--force',
        '--depth=1',
        '--no-tags',
        '--no-recurse-submodules',
        '--end-of-options',
        url,
        refspec,
      ],
      { cwd: gitDir, timeoutMs: FETCH_TIMEOUT_MS, signal },
    );
    return true;
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof GitError && CANNOT_SINGLE.test(error.stderr)) return false;
    throw error;
  }
}

/**
 * What servers, and git itself, say when a single commit cannot be had: unadvertised objects,
 * "dumb" HTTP, unknown ids.
 */
const CANNOT_SINGLE =
  /does not allow request for unadvertised object|not our ref|shallow|remote error: upload-pack|could ?n[o']t find remote ref|expected '?packfile/i;

async function fetchAll({ gitDir, url, signal }: Fetch): Promise<void> {
  const shallow = (await gitText(['rev-parse', '--is-shallow-repository'], { cwd: gitDir })) === 'true';
  await git(
    [
      'fetch',
      '--quiet',
      '--force',
      '--prune',
      ...(shallow ? ['--unshallow'] : []),
      '--no-recurse-submodules',
      '--end-of-options',
      url,
      '+refs/heads/*:refs/heads/*',
      '+refs/tags/*:refs/tags/*',
    ],
    { cwd: gitDir, timeoutMs: FETCH_TIMEOUT_MS, signal },
  );
}

/** The commit that a name means in a repository; undefined when it means none. */
export async function commitOf(gitDir: string, name: string): Promise<string | undefined> {
  const found = await gitText(['rev-parse', '--verify', '--quiet', '--end-of-options', `${name}^{commit}`], {
    cwd: gitDir,
  }).catch((error: unknown) => {
    if (error instanceof GitError) return '';
    throw error;
  });
  return FULL_ID.test(found) ? found : undefined;
}

/** The error that tells that a ref names nothing in a repository. */
export function noSuchRef(repository: string, ref: string): WindlassError {
  return new WindlassError(
    'PROJECT_NOT_FOUND',
    ref === 'HEAD'
      ? `${repository} has no commit yet.`
      : `${repository} has no branch, tag or commit "${ref}".`,
    { hint: 'Name a branch, tag or commit that exists, or push it first.' },
  );
}
