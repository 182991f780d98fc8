import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { SourceContext } from './part.ts';

const run = promisify(execFile);
const TELL_EVERY_MS = 30_000;
const PATIENCE_MS = 20 * 60_000;

export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  /** What is done, as progress says it: "building X with Go (about 3 minutes, once)". */
  readonly doing: string;
  readonly env?: SourceContext['env'];
  readonly cwd?: string;
}

/**
 * Runs a long command and says every half minute that it still runs; gives its output, or throws
 * with its last words.
 */
export async function runAndTell(command: Command, { env, report }: SourceContext): Promise<string> {
  report(command.doing);
  const began = performance.now();
  const timer = setInterval(() => {
    report(`still ${command.doing}: ${Math.round((performance.now() - began) / 1000)} s so far`);
  }, TELL_EVERY_MS);
  try {
    const { stdout } = await run(command.program, [...command.args], {
      env: Object.assign({}, env, command.env),
      cwd: command.cwd,
      timeout: PATIENCE_MS,
      maxBuffer: 50_000_000,
    });
    return stdout;
  } catch (error) {
    const output = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : '';
    const words = output === '' ? String(error) : output;
    throw new Error(words.split('\n').slice(-2).join(' '), { cause: error });
  } finally {
    clearInterval(timer);
  }
}

/** The error's own words, for the list of what was tried. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
