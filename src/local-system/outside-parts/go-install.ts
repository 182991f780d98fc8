import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { alone } from './lock.ts';
import { cachedProgram, onPath } from './look.ts';
import type { PartSource } from './part.ts';
import { reasonOf, runAndTell } from './run-and-tell.ts';

const NO_GO = { missing: 'there is no Go toolchain on PATH' } as const;

export interface GoProgram {
  readonly program: string;
  readonly title: string;
  readonly module: string;
  readonly minutes: number;
}

/**
 * Builds a program into the cache. One Go build at a time: each uses every core, and the next finds
 * what they share.
 */
export function goInstall({ program, title, module, minutes }: GoProgram): PartSource {
  return {
    name: `go install ${module}`,
    makes: true,
    find: async (context) => {
      const go = onPath('go', context.env);
      if (go === undefined) return NO_GO;
      const path = cachedProgram(context.cacheDir, program);
      mkdirSync(dirname(path), { recursive: true });
      const made = mkdtempSync(join(context.cacheDir, 'go-'));
      const doing = `building ${title} with Go (about ${minutes} minute${minutes === 1 ? '' : 's'}, once)`;
      const command = { program: go, args: ['install', module], doing, env: { GOBIN: made } };
      try {
        await alone('go-build', context, () => runAndTell(command, context));
        renameSync(join(made, readdirSync(made)[0] ?? ''), path);
        return { path };
      } catch (error) {
        return { missing: reasonOf(error) };
      } finally {
        rmSync(made, { recursive: true, force: true });
      }
    },
  };
}

/** Downloads the source text of a module into Go's own cache. */
export function goModDownload(module: string, title: string): PartSource {
  return {
    name: `go mod download ${module}`,
    makes: true,
    find: async (context) => {
      const go = onPath('go', context.env);
      if (go === undefined) return NO_GO;
      const doing = `downloading ${title}`;
      const args = ['mod', 'download', '-json', module];
      try {
        const answer: unknown = JSON.parse(await runAndTell({ program: go, args, doing }, context));
        if (
          typeof answer === 'object' &&
          answer !== null &&
          'Dir' in answer &&
          typeof answer.Dir === 'string'
        )
          return { path: answer.Dir };
        return { missing: 'Go does not say where it put the module' };
      } catch (error) {
        return { missing: reasonOf(error) };
      }
    },
  };
}
