import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { GIT_SCHEMES, withoutCredentials } from '../../domain/git/address.ts';

const run = promisify(execFile);
const MAX_OUTPUT = 512 * 1024 * 1024;

interface GitOptions {
  readonly cwd?: string;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  readonly input?: string;
}

/**
 * Variables that would point git at another repository than the folder it is run in; a git hook
 * sets them.
 */
const LOCAL =
  /^GIT_(DIR|WORK_TREE|INDEX_FILE|OBJECT_DIRECTORY|ALTERNATE_OBJECT_DIRECTORIES|COMMON_DIR|NAMESPACE|PREFIX)$/;

/** Thrown when git ends with an error; `stderr` holds its own words without credentials. */
export class GitError extends Error {
  readonly stderr: string;
  constructor(args: readonly string[], stderr: string) {
    const words = withoutCredentials(stderr.trim());
    super(`git ${args[0] ?? ''}: ${words.split('\n').at(-1) ?? 'failed'}`);
    this.name = 'GitError';
    this.stderr = words;
  }
}

/**
 * Runs git without prompts, hooks or pagers and returns the bytes of its standard output; throws
 * GitError.
 */
export async function git(args: readonly string[], options: GitOptions = {}): Promise<Buffer> {
  const promise = run('git', ['-c', 'core.hooksPath=/dev/null', '-c', 'core.fsmonitor=false', ...args], {
    cwd: options.cwd,
    encoding: 'buffer',
    maxBuffer: MAX_OUTPUT,
    timeout: options.timeoutMs ?? 60_000,
    signal: options.signal,
    env: {
      ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !LOCAL.test(name))),
      GIT_ALLOW_PROTOCOL: GIT_SCHEMES.join(':'),
      GIT_TERMINAL_PROMPT: '0',
      GIT_OPTIONAL_LOCKS: '0',
      GIT_SSH_COMMAND: process.env.GIT_SSH_COMMAND ?? 'ssh -o BatchMode=yes',
      LC_ALL: 'C',
    },
  });
  promise.child.stdin?.on('error', () => undefined); // git may end before it has read everything
  promise.child.stdin?.end(options.input ?? '');
  try {
    return (await promise).stdout;
  } catch (error) {
    options.signal?.throwIfAborted();
    const { stderr, killed, message } = error as { stderr?: Buffer; killed?: boolean; message: string };
    const words = stderr?.toString('utf8') ?? '';
    throw new GitError(args, killed === true ? `took too long. ${words}` : words || message);
  }
}

export async function gitText(args: readonly string[], options: GitOptions = {}): Promise<string> {
  return (await git(args, options)).toString('utf8').trim();
}
