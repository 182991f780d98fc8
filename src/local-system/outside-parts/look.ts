import { accessSync, constants, existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import type { Environment, Found, PartSource } from './part.ts';

/**
 * The folder that outlives projects: `$XDG_CACHE_HOME/windlass`, by default `~/.cache/windlass`.
 */
export function cacheFolder(env: Environment = process.env): string {
  const base = env.XDG_CACHE_HOME;
  return join(base === undefined || base === '' ? join(homedir(), '.cache') : base, 'windlass');
}

/** The name that a program's file has on this system. */
export function programFile(name: string): string {
  return process.platform === 'win32' ? `${name}.exe` : name;
}

/** Where the cache keeps a program. */
export function cachedProgram(cacheDir: string, name: string): string {
  return join(cacheDir, 'bin', programFile(name));
}

function executable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** First program of this name in the folders of PATH. */
export function onPath(name: string, env: Environment): string | undefined {
  return (env.PATH ?? '')
    .split(delimiter)
    .filter((dir) => dir !== '')
    .map((dir) => join(dir, programFile(name)))
    .find(executable);
}

function existing(path: string, exists: (path: string) => boolean): Found {
  return exists(path) ? { path } : { missing: `${path} does not exist` };
}

export function pathSource(program: string): PartSource {
  return {
    name: `\`${program}\` on PATH`,
    find: async ({ env }) => {
      const path = onPath(program, env);
      return path === undefined ? { missing: 'no such program in the folders of PATH' } : { path };
    },
  };
}

export function cacheSource(program: string): PartSource {
  return {
    name: 'the Windlass cache',
    find: async ({ cacheDir }) => existing(cachedProgram(cacheDir, program), executable),
  };
}

function goRoot(env: Environment): string {
  return env.GOPATH ?? join(env.HOME ?? homedir(), 'go');
}

export function goFolderSource(program: string): PartSource {
  return {
    name: "Go's program folder",
    find: async ({ env }) => {
      const folder = env.GOBIN ?? join(goRoot(env), 'bin');
      return existing(join(folder, programFile(program)), executable);
    },
  };
}

/** The source text of a Go module, where Go keeps what it has downloaded. */
export function goModuleSource(module: string): PartSource {
  return {
    name: "Go's module cache",
    find: async ({ env }) =>
      existing(join(env.GOMODCACHE ?? join(goRoot(env), 'pkg', 'mod'), module), existsSync),
  };
}
