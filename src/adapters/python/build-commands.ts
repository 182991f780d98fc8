import { rm } from 'node:fs/promises';
import { WindlassError } from '../../errors/windlass-error.ts';
import { describeEnd } from '../../base/command-end.ts';
import { cleanEnvironment } from '../process/clean-environment.ts';
import { runCommand } from '../process/run-command.ts';
import type { EnsureOptions, EnvironmentFiles } from './environment-store.ts';

const BUILD_TIMEOUT_MS = 30 * 60_000;

interface BuildCommand {
  readonly command: readonly [string, ...string[]];
  readonly variables?: Readonly<Record<string, string>>;
}

/**
 * Runs the commands that make an environment, with one log; a failure removes what there is of it.
 * Throws ENVIRONMENT_FAILED with the last lines of the log.
 */
export async function runBuild(
  commands: readonly BuildCommand[],
  files: EnvironmentFiles,
  options: Pick<EnsureOptions, 'root' | 'platform' | 'signal' | 'onLine'>,
): Promise<void> {
  const { root, platform, signal, onLine } = options;
  for (const { command, variables = {} } of commands) {
    const result = await runCommand({
      command,
      cwd: root,
      env: { ...cleanEnvironment(), PYTHONNOUSERSITE: '1', PIP_NO_COLOR: '1', ...variables },
      logFile: files.logFile,
      pidFile: files.pidFile,
      timeoutMs: BUILD_TIMEOUT_MS,
      signal,
      onLine: (line) => onLine?.(line),
    });
    if (result.exitCode === 0) continue;
    await rm(files.folder, { recursive: true, force: true });
    const last = result.lastLines.filter((l) => l.trim() !== '').slice(-12);
    throw new WindlassError(
      'ENVIRONMENT_FAILED',
      `The environment could not be built: ${describeEnd(result)}. ${last.at(-1) ?? ''}`.trim(),
      { details: { lastLines: last, platform, logFile: files.logFile } },
    );
  }
}
