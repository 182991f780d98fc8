import type { EnvironmentRequest, ProjectRuntime } from '../../ports/project-runtime.ts';

/**
 * One runtime of two: environments that are images go to `containers`, those of lock files to
 * `processes`.
 */
export function joinRuntimes(processes: ProjectRuntime, containers: ProjectRuntime): ProjectRuntime {
  const of = ({ kind }: Pick<EnvironmentRequest, 'kind'>): ProjectRuntime =>
    kind === 'image' ? containers : processes;
  return {
    ensure: (request, hooks) => of(request).ensure(request, hooks),
    endOrphans: (environment, pidFile) => of(environment).endOrphans(environment, pidFile),
    run: (environment, command) => of(environment).run(environment, command),
  };
}
