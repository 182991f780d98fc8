import { ApplicationFailure, ParentClosePolicy, startChild, workflowInfo } from '@temporalio/workflow';
import type { BuildInput, BuildResult, ResolvedBuildInput } from '../../src/contracts/build/build.ts';
import type { Comparison } from '../../src/contracts/build/comparison.ts';
import { BUILD_STEPS, type BuildStep } from '../../src/contracts/build/build-steps.ts';
import type { DeployInput } from '../../src/contracts/packaging/deploy.ts';
import type { DeploymentPolicy } from '../../src/contracts/rollout/policy.ts';
import { ALIASES, WORKFLOWS } from '../../src/contracts/names.ts';
import type { ProjectSpec } from '../../src/contracts/project/project.ts';
import { promotable } from '../../src/domain/comparison/verdict.ts';
import { approvalRule } from '../../src/domain/registry/approvals.ts';
import { firstAlias } from '../../src/domain/registry/first-alias.ts';
import { foldProblem } from '../../src/domain/search/validation-folds.ts';
import type { Actor } from '../../src/contracts/audit.ts';
import type { ModelVersion } from '../../src/contracts/model/model-version.ts';
import type { PipelineVersion } from '../../src/contracts/build/pipeline-version.ts';
import { refusalOf } from '../shared/refusal.ts';
import { resolveInput } from '../shared/resolve-input.ts';
import { setSearchAttributes } from '../shared/search-attributes.ts';
import { createSteps, type Steps } from '../shared/steps.ts';
import * as activity from './build-activities.ts';
import { optimiseModel } from './optimise-model.ts';
import { searchParameters } from './search-parameters.ts';
import { judgeData, publishCommit } from './shared-steps.ts';

/**
 * From a commit to a registered model version: environment, checks, published pipeline, data
 * snapshot and gates, search for parameters, training, model gates, evaluation on unseen groups,
 * cheaper forms of the model, comparison with the champion, registration. A version that passed is
 * deployed when the policy says so. A failed run that is started again goes on from the failed
 * step.
 */
export async function buildAndTrain(raw: BuildInput = {}): Promise<BuildResult> {
  const steps = createSteps('Build and train', BUILD_STEPS);
  const { workflowId, runId } = workflowInfo();
  const input = await resolveInput('buildAndTrain', raw);
  const by: Actor = { actor: input.actor, reason: input.reason };
  const reuse = (step: BuildStep): boolean => mayReuse(input, step);

  const pipeline =
    input.pipeline === undefined
      ? await publish(steps, input, by)
      : await takePublished(steps, input.pipeline);
  const { spec, source } = pipeline;
  const seed = input.seed ?? spec.train.seed;
  const code = { bundle: source.bundle, spec };
  setSearchAttributes({
    model: spec.name,
    pipeline: `${pipeline.name}@${pipeline.version}`,
    commit: source.commit,
    stage: 'train',
  });

  const snapshot = await steps.run('snapshot', () =>
    activity.snapshotData({ source: input.data, spec, reuse: reuse('snapshot') }),
  );
  await judgeData(steps, snapshot, spec);
  const { search, validationFolds = [] } = input;
  const asked = { ...code, data: snapshot, params: input.params, search, validationFolds, seed };
  const chosen = await searchParameters(steps, { ...asked, reuse: reuse('search') });
  const { data } = chosen;
  const trained = await steps.run('train', () => {
    const train = activity.trainFor(spec.train.timeoutSeconds);
    return train({ ...code, data, params: chosen.params, seed, reuse: reuse('train') });
  });
  const judged = await steps.run('model-gates', () => {
    const { onnx, golden, folds } = trained;
    return activity.checkModel({ onnx, golden, folds, spec, reuse: reuse('model-gates') });
  });
  const evaluation = await steps.run('evaluate', () =>
    activity.evaluateModel({ ...code, folds: trained.folds, data, seed, reuse: reuse('evaluate') }),
  );
  const shipped = await optimiseModel(steps, {
    original: { variant: 'original', ...trained, judged, evaluation },
    ...code,
    data,
    seed,
    golden: trained.golden,
    options: input.optimise,
    reuse: reuse('optimise'),
  });
  const { onnx, golden, folds } = shipped;
  const { metrics, scores, baseline, report } = shipped.evaluation;
  const explanation = await steps.run('explain', () =>
    activity.explainModel({ ...code, folds, data, scores, seed, reuse: reuse('explain') }),
  );
  const comparison = await steps.run('compare', () =>
    activity.compareModel({
      scores,
      metrics,
      data,
      spec,
      seed,
      against: input.against,
      reuse: reuse('compare'),
    }),
  );

  const model = await steps.run('register', async () => {
    const { params, environment, log } = trained;
    const made = {
      pipeline: { name: pipeline.name, version: pipeline.version },
      data: snapshot,
      params,
      seed,
      metrics,
      gates: steps.gates,
      comparison,
    };
    const card = await activity.writeModelCard({
      ...made,
      search: chosen.result,
      spec,
      source,
      environment,
      digest: onnx.digest,
      report,
      explanation,
      profiles: shipped.profiles,
      optimisation: shipped.result,
    });
    const files = { onnx, golden, baseline, folds, card, log };
    const registered = await activity.registerModel(
      {
        name: spec.name,
        digest: onnx.digest,
        ...files,
        ...made,
        search: chosen.record,
        optimisation: shipped.record,
        run: { workflowId, runId },
      },
      by,
    );
    const value = await pointAlias(registered, { comparison, spec }, by);
    return { value, message: describeVersion(value) };
  });
  setSearchAttributes({ version: model.version, stage: 'registered' });
  const wanted = approvalRule(spec).approvals;
  const waits =
    wanted > 0 && model.state === 'registered' ? `; needs ${wanted} approvals before it may be champion` : '';
  steps.headline(
    `**${model.name}@${model.version}**: ${describeVersion(model)}; ${comparison.reason}${waits}`,
  );

  const policy = deploymentPolicy(input, spec, comparison);
  const deployment = policy === 'never' ? undefined : await deploy(input, model, policy);
  return {
    workflowId,
    runId,
    model: { name: model.name, version: model.version, digest: model.digest, aliases: model.aliases },
    pipeline: { name: pipeline.name, version: pipeline.version },
    data: { digest: snapshot.digest, files: snapshot.files, rows: snapshot.rows },
    source: { repository: source.repository, commit: source.commit, dirty: source.dirty },
    gates: steps.gates.map(({ evidence: _evidence, ...gate }) => gate),
    metrics,
    comparison,
    search: chosen.result,
    optimisation: shipped.result,
    steps: steps.reports(),
    seconds: steps.seconds(),
    deployment,
  };
}

type BuildSteps = Steps<BuildStep>;

/**
 * Whether a step may take the result of another run: not when switched off for it, nor from the
 * step on that `from` names.
 */
function mayReuse({ noCache, from }: ResolvedBuildInput, step: BuildStep): boolean {
  if (noCache.includes('*') || noCache.includes(step)) return false;
  return from === undefined || BUILD_STEPS.indexOf(step) < BUILD_STEPS.indexOf(from);
}

/** The commit, checked and published. */
async function publish(steps: BuildSteps, input: ResolvedBuildInput, by: Actor): Promise<PipelineVersion> {
  const { project, ref, allowDirty } = input;
  setSearchAttributes({ stage: 'build' });
  const checkedOut = await steps.run('checkout', () =>
    activity.checkoutProject({ project, ref, allowDirty }),
  );
  const { source, spec } = checkedOut;
  setSearchAttributes({ model: spec.name, commit: source.commit });
  refuseFolds(input, spec);
  return publishCommit(steps, checkedOut, { by, reuse: mayReuse(input, 'checks') });
}

/** A fold that this project cannot have is refused before anything is built for it. */
function refuseFolds({ validationFolds = [] }: ResolvedBuildInput, { name, evaluation }: ProjectSpec): void {
  const problem = foldProblem(
    validationFolds,
    Array.from({ length: evaluation.folds }, (_, fold) => fold),
  );
  if (problem === undefined) return;
  const code = 'INPUT_INVALID';
  const message = `${problem} in ${name} (evaluation.folds is ${evaluation.folds}).`;
  throw ApplicationFailure.nonRetryable(message, code, { code, message });
}

/** A retrain runs what was published: its code is neither checked out nor checked again. */
async function takePublished(steps: BuildSteps, reference: string): Promise<PipelineVersion> {
  for (const step of ['checkout', 'checks', 'publish'] as const)
    steps.skip(step, `published before as ${reference}`);
  return steps.run('environment', async () => {
    const pipeline = await activity.findPipeline(reference);
    const { source, spec } = pipeline;
    const { message, cached, why } = await activity.prepareEnvironment({ bundle: source.bundle, spec });
    return { value: pipeline, message, cached, why };
  });
}

/**
 * The first version becomes champion, unless it needs approvals; others that are good enough,
 * challenger. Registered before: it stays as it is.
 */
async function pointAlias(
  registered: ModelVersion,
  { comparison, spec }: { comparison: Comparison; spec: ProjectSpec },
  by: Actor,
): Promise<ModelVersion> {
  const { name, version } = registered;
  const wanted = firstAlias(registered, comparison.verdict, approvalRule(spec));
  if (wanted === null) return registered;
  // Another first build may have been quicker: what was compared with nothing does not take its
  // place.
  const first =
    wanted === ALIASES.champion && (await activity.findModel(`${name}@${ALIASES.champion}`)) === null;
  const point = async (alias: string): Promise<ModelVersion> => {
    await activity.setAlias({ name, alias, version }, by);
    return { ...registered, aliases: [alias] };
  };
  if (!first) return point(ALIASES.challenger);
  // Another was quicker after all, or the last champion's project wanted approvals.
  return point(ALIASES.champion).catch((error: unknown) => {
    if (refusalOf(error) === undefined) throw error;
    return point(ALIASES.challenger);
  });
}

function describeVersion({ version, aliases, state }: ModelVersion): string {
  const called = aliases.length === 0 ? '' : ` (${aliases.join(', ')})`;
  return `version ${version}${called}${state === 'rejected' ? ', rejected' : ''}`;
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

/** Starts the deployment as a child that lives on; "approval" makes its first ring wait for one. */
async function deploy(
  input: ResolvedBuildInput,
  { name, version }: ModelVersion,
  policy: DeploymentPolicy,
): Promise<NonNullable<BuildResult['deployment']>> {
  const chosen = input.deploy?.rollout;
  const firstRing = chosen?.rings[0]?.name ?? 'canary';
  const rollout =
    policy === 'approval' ? { ...chosen, approvals: [...(chosen?.approvals ?? []), firstRing] } : chosen;
  const args: [DeployInput] = [
    {
      model: `${name}@${version}`,
      rollout,
      actor: input.actor,
      reason: input.reason,
    },
  ];
  const child = await startChild(WORKFLOWS.packageAndDeploy, {
    workflowId: `deploy-${name}-${version}-${workflowInfo().runId.slice(0, 8)}`,
    args,
    parentClosePolicy: ParentClosePolicy.ABANDON,
    staticSummary: `deploy ${name}@${version}`,
  });
  return { workflowId: child.workflowId, policy };
}
