import { rm } from 'node:fs/promises';
import type { ProjectRuntime } from '../../ports/project-runtime.ts';
import { endOrphans } from '../process/orphans.ts';
import { runCommand } from '../process/run-command.ts';
import { ensureEnvironment, pythonVariables } from './environment.ts';
import { findPython, type PythonInstallation } from './find-python.ts';

/** Runs projects in virtual environments below `environments`; `python` names interpreters to try instead of the usual ones. */
export function createPythonRuntime(options: {
  readonly environments: string;
  readonly python?: readonly string[];
}): ProjectRuntime {
  let found: Promise<PythonInstallation> | undefined;
  const installation = async (): Promise<PythonInstallation> => {
    found ??= findPython(options.python);
    try {
      return await found;
    } catch (error) {
      found = undefined; // it may be installed while the worker runs
      throw error;
    }
  };
  return {
    async ensure(lock, hooks = {}) {
      return ensureEnvironment({ root: options.environments, python: await installation(), lock, ...hooks });
    },
    endOrphans,
    async run(environment, command) {
      await rm(command.logFile, { force: true });
      return runCommand({
        command: ['/bin/sh', '-c', command.run],
        cwd: command.cwd,
        env: { ...pythonVariables(environment), ...command.variables },
        logFile: command.logFile,
        pidFile: command.pidFile,
        timeoutMs: command.timeoutMs,
        signal: command.signal,
        onLine: command.onLine,
      });
    },
  };
}
