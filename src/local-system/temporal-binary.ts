import { execFile } from 'node:child_process';
import { accessSync, constants, mkdirSync, readdirSync, renameSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { WindlassError } from '../errors/windlass-error.ts';
import { messageOf } from '../base/error-message.ts';

const run = promisify(execFile);

/** The newest release of the Temporal CLI that `go install` accepts: later ones carry a `replace`. */
export const TEMPORAL_CLI_MODULE = 'github.com/temporalio/cli/cmd/temporal@v1.5.1';

/** One place where the Temporal CLI may come from; `find` gives its path, or says why there is none. */
export interface TemporalSource {
  readonly name: string;
  find(report: (message: string) => void): Promise<{ path: string } | { missing: string }>;
}

export interface SourceOptions {
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cacheDir?: string;
}

/** The folder that outlives projects: `$XDG_CACHE_HOME/windlass`, by default `~/.cache/windlass`. */
export function cacheFolder(env: Readonly<Record<string, string | undefined>> = process.env): string {
  const base = env.XDG_CACHE_HOME;
  return join(base === undefined || base === '' ? join(homedir(), '.cache') : base, 'windlass');
}

function executable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function programName(): string {
  return process.platform === 'win32' ? 'temporal.exe' : 'temporal';
}

/** First program of this name in the folders of PATH. */
export function onPath(name: string, env: Readonly<Record<string, string | undefined>>): string | undefined {
  return (env.PATH ?? '')
    .split(delimiter)
    .filter((dir) => dir !== '')
    .map((dir) => join(dir, name))
    .find(executable);
}

/** The places in order: PATH (and Go's own program folder), the project's cache, the SDK's download, `go install`. */
export function temporalSources(options: SourceOptions = {}): TemporalSource[] {
  const env = options.env ?? process.env;
  const cacheDir = options.cacheDir ?? join(cacheFolder(env), 'bin');
  const cached = join(cacheDir, programName());
  return [
    {
      name: '`temporal` on PATH',
      find: async () => {
        const path = onPath(programName(), env);
        return path === undefined ? { missing: 'no such program in the folders of PATH' } : { path };
      },
    },
    {
      name: 'the Windlass cache',
      find: async () => (executable(cached) ? { path: cached } : { missing: `${cached} does not exist` }),
    },
    {
      name: "Go's program folder",
      find: async () => {
        const home = env.GOBIN ?? join(env.GOPATH ?? join(env.HOME ?? homedir(), 'go'), 'bin');
        const path = join(home, programName());
        return executable(path) ? { path } : { missing: `${path} does not exist` };
      },
    },
    { name: "the SDK's download", find: (report) => downloadBySdk(cacheDir, report) },
    { name: `go install ${TEMPORAL_CLI_MODULE}`, find: (report) => installByGo(cacheDir, { env, report }) },
  ];
}

type Found = { path: string } | { missing: string };

const DOWNLOAD_TIMEOUT_MS = 120_000;

async function downloadBySdk(cacheDir: string, report: (message: string) => void): Promise<Found> {
  report("downloading Temporal's development server");
  mkdirSync(cacheDir, { recursive: true });
  const before = new Set(readdirSync(cacheDir));
  try {
    const { TestWorkflowEnvironment } = await import('@temporalio/testing');
    // The SDK only downloads as part of a start; the server that it starts is stopped at once.
    const starting = TestWorkflowEnvironment.createLocal({
      server: { executable: { type: 'cached-download', downloadDir: cacheDir } },
    });
    const timer = AbortSignal.timeout(DOWNLOAD_TIMEOUT_MS);
    const timeout = new Promise<never>((_, reject) => {
      timer.addEventListener('abort', () => reject(new Error('no answer in two minutes')));
    });
    const environment = await Promise.race([starting, timeout]);
    await environment.teardown();
  } catch (error) {
    return { missing: messageOf(error) };
  }
  const name = readdirSync(cacheDir).find((f) => !before.has(f) && f.startsWith('temporal'));
  if (name === undefined) return { missing: `the download left no program in ${cacheDir}` };
  const path = join(cacheDir, programName());
  renameSync(join(cacheDir, name), path);
  return { path };
}

async function installByGo(
  cacheDir: string,
  options: { env: Readonly<Record<string, string | undefined>>; report: (message: string) => void },
): Promise<Found> {
  const go = onPath(process.platform === 'win32' ? 'go.exe' : 'go', options.env);
  if (go === undefined) return { missing: 'there is no Go toolchain on PATH' };
  options.report("building Temporal's development server with Go (about 3 minutes, once)");
  mkdirSync(cacheDir, { recursive: true });
  try {
    await run(go, ['install', TEMPORAL_CLI_MODULE], {
      env: { ...options.env, GOBIN: cacheDir },
      timeout: 15 * 60_000,
      maxBuffer: 10_000_000,
    });
    return { path: join(cacheDir, programName()) };
  } catch (error) {
    const text = error instanceof Error && 'stderr' in error ? String(error.stderr) : String(error);
    return { missing: text.trim().split('\n').slice(-2).join(' ') };
  }
}

/** Finds the Temporal CLI in the first source that has it; throws TEMPORAL_UNAVAILABLE that lists all that was tried. */
export async function findTemporal(
  options: { sources?: readonly TemporalSource[]; report?: (message: string) => void } = {},
): Promise<{ path: string; source: string }> {
  const tried: { source: string; result: string }[] = [];
  for (const source of options.sources ?? temporalSources()) {
    const found = await source.find(options.report ?? (() => undefined));
    if ('path' in found) return { path: found.path, source: source.name };
    tried.push({ source: source.name, result: found.missing });
  }
  const list = tried.map((t) => `${t.source}: ${t.result}`).join('; ');
  throw new WindlassError(
    'TEMPORAL_UNAVAILABLE',
    `No Temporal server was found or could be had. Tried: ${list}.`,
    {
      hint: 'Set TEMPORAL_ADDRESS to a running server, or install the Temporal CLI (https://docs.temporal.io/cli) on PATH.',
      details: { tried },
    },
  );
}
