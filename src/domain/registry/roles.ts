import { ALL_PROJECTS } from '../../contracts/roles.ts';
import type { DeploymentPolicy } from '../../contracts/rollout/policy.ts';
import type { Action, Grant, Role } from '../../contracts/roles.ts';

/**
 * Which roles may do what. Approval and deployment are separate: the approver need not be the
 * operator.
 */
export const PERMISSIONS: Readonly<Record<Action, readonly Role[]>> = {
  read: ['viewer', 'contributor', 'approver', 'operator', 'admin'],
  build: ['contributor', 'admin'],
  tag: ['contributor', 'operator', 'admin'],
  approve: ['approver', 'admin'],
  promote: ['operator', 'admin'],
  deploy: ['operator', 'admin'],
  monitor: ['contributor', 'operator', 'admin'],
  retire: ['operator', 'admin'],
  export: ['contributor', 'operator', 'admin'],
  delete: ['admin'],
  administer: ['admin'],
};

/**
 * Whether a build or a monitoring run also deploys its result: the caller then needs the role for
 * deployments too.
 */
export function asksToDeploy({
  deploy,
}: {
  readonly deploy?: { readonly policy?: DeploymentPolicy | undefined } | undefined;
}): boolean {
  return deploy !== undefined && deploy.policy !== 'never';
}

/**
 * Why the grants of an actor do not allow an action, or null when they do. Reading without a
 * project needs any role anywhere; everything else without a project needs the role on all
 * projects.
 */
export function refusesAction(
  { action, project }: { action: Action; project?: string | undefined },
  grants: readonly Grant[],
): string | null {
  const roles = PERMISSIONS[action];
  const counts = grants.filter(
    (g) =>
      g.project === ALL_PROJECTS || g.project === project || (project === undefined && action === 'read'),
  );
  if (counts.some((g) => roles.includes(g.role))) return null;
  const where = project === undefined || project === ALL_PROJECTS ? 'all projects' : `the project ${project}`;
  const have = [...new Set(counts.map((g) => g.role))].join(', ');
  return `to ${action} takes the role ${roles.join(' or ')} on ${where}; ${have === '' ? 'no role was granted there' : `granted is ${have}`}`;
}
