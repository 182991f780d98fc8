import { ParentClosePolicy, startChild, workflowInfo } from '@temporalio/workflow';
import type { BuildResult, ResolvedBuildInput } from '../../src/contracts/build/build.ts';
import type { Comparison } from '../../src/contracts/build/comparison.ts';
import type { ModelVersion } from '../../src/contracts/model/model-version.ts';
import { WORKFLOWS } from '../../src/contracts/names.ts';
import type { DeployInput } from '../../src/contracts/packaging/deploy.ts';
import type { ProjectSpec } from '../../src/contracts/project/project.ts';
import type { DeploymentPolicy } from '../../src/contracts/rollout/policy.ts';
import { promotable } from '../../src/domain/comparison/verdict.ts';
import { approvalRule } from '../../src/domain/registry/approvals.ts';

type Deployment = NonNullable<BuildResult['deployment']>;

/**
 * Starts the deployment of a version as a child that lives on, when the policy asks for one;
 * "approval" makes its first ring wait for one.
 */
export async function startDeployment(
  { name, version }: ModelVersion,
  input: ResolvedBuildInput,
  { spec, comparison }: { readonly spec: ProjectSpec; readonly comparison: Comparison },
): Promise<Deployment | undefined> {
  const policy = deploymentPolicy(input, spec, comparison);
  if (policy === 'never') return undefined;
  const model = `${name}@${version}`;
  const { actor, reason } = input;
  const rollout = policy === 'approval' ? approvedFirst(input.deploy?.rollout) : input.deploy?.rollout;
  const child = await startChild(WORKFLOWS.packageAndDeploy, {
    workflowId: `deploy-${name}-${version}-${workflowInfo().runId.slice(0, 8)}`,
    args: [{ model, rollout, actor, reason } satisfies DeployInput],
    parentClosePolicy: ParentClosePolicy.ABANDON,
    staticSummary: `deploy ${model}`,
  });
  return { workflowId: child.workflowId, policy };
}

/**
 * Only a version that may be promoted is deployed, and none that waits for approvals; the input's
 * word counts more than the project's.
 */
function deploymentPolicy(
  input: ResolvedBuildInput,
  spec: ProjectSpec,
  comparison: Comparison,
): DeploymentPolicy {
  if (!promotable(comparison.verdict) || approvalRule(spec).approvals > 0) return 'never';
  return input.deploy?.policy ?? spec.deployment.policy;
}

function approvedFirst(chosen: DeployInput['rollout']): DeployInput['rollout'] {
  const firstRing = chosen?.rings?.[0]?.name ?? 'canary';
  return { ...chosen, approvals: [...(chosen?.approvals ?? []), firstRing] };
}
