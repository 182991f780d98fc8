import { rm } from 'node:fs/promises';
import { WindlassError } from '../../errors/windlass-error.ts';
import type { ProjectRuntime } from '../../ports/project-runtime.ts';
import { endOrphans } from '../process/orphans.ts';
import { runCommand } from '../process/run-command.ts';
import { condaEnvironment } from './conda-environment.ts';
import { ensureEnvironment, stampUse } from './environment-store.ts';
import { environmentVariables } from './environment-variables.ts';
import { findPython, type PythonInstallation } from './find-python.ts';
import { pipEnvironment } from './pip-environment.ts';

const STAMP_MS = 60_000;

/**
 * Runs projects as processes in environments below `environments`; `python` names interpreters to
 * try instead of the usual ones, `micromamba` the program for conda files. An environment says that
 * it is in use while a command runs in it.
 */
export function createPythonRuntime(options: {
  readonly environments: string;
  readonly python?: readonly string[];
  readonly micromamba?: string;
}): ProjectRuntime {
  const { environments: root, micromamba = 'micromamba' } = options;
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
    async ensure(request, hooks = {}) {
      switch (request.kind) {
        case 'pip':
          return ensureEnvironment(pipEnvironment(request.lock, await installation(), { root, ...hooks }));
        case 'conda':
          return ensureEnvironment(await condaEnvironment(request.file, micromamba, { root, ...hooks }));
        case 'image':
          throw new WindlassError(
            'ENVIRONMENT_FAILED',
            `The project's environment is the container image ${request.reference}, and this worker runs processes only.`,
            { hint: 'Give a requirements.lock instead, or start a training worker that runs containers.' },
          );
      }
    },
    endOrphans: (_environment, pidFile) => endOrphans(pidFile),
    async run(environment, command) {
      const { run, variables, container: _container, ...spec } = command;
      await rm(command.logFile, { force: true });
      const stamp = { stamp: `${environment.folder}.used` };
      await stampUse(stamp);
      const timer = setInterval(() => void stampUse(stamp).catch(() => undefined), STAMP_MS).unref();
      try {
        return await runCommand({
          ...spec,
          command: ['/bin/sh', '-c', run],
          env: { ...environmentVariables(environment), ...variables },
        });
      } finally {
        clearInterval(timer);
      }
    },
  };
}
