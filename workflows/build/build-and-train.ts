import { ApplicationFailure, workflowInfo } from '@temporalio/workflow';
import type { Actor } from '../../src/contracts/audit.ts';
import type { BuildInput, BuildResult, ResolvedBuildInput } from '../../src/contracts/build/build.ts';
import { BUILD_STEPS, type BuildStep } from '../../src/contracts/build/build-steps.ts';
import type { PipelineVersion } from '../../src/contracts/build/pipeline-version.ts';
import type { ProjectSpec } from '../../src/contracts/project/project.ts';
import { approvalRule } from '../../src/domain/registry/approvals.ts';
import { foldProblem } from '../../src/domain/search/validation-folds.ts';
import { resolveInput } from '../shared/resolve-input.ts';
import { setSearchAttributes } from '../shared/search-attributes.ts';
import { createSteps, type Steps } from '../shared/steps.ts';
import * as activity from './build-activities.ts';
import { optimiseModel } from './optimise-model.ts';
import { describeVersion, registerModel, type BuiltModel } from './register-model.ts';
import { searchParameters } from './search-parameters.ts';
import { judgeData, publishCommit } from './shared-steps.ts';
import { startDeployment } from './start-deployment.ts';

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

  const pipeline =
    input.pipeline === undefined
      ? await publish(steps, input, by)
      : await takePublished(steps, input.pipeline);
  const { spec, source } = pipeline;
  setSearchAttributes({
    model: spec.name,
    pipeline: `${pipeline.name}@${pipeline.version}`,
    commit: source.commit,
    stage: 'train',
  });
  const built = await makeModel(steps, pipeline, input);
  const { snapshot, parameters, kept, comparison } = built;
  const model = await registerModel(steps, built, by);
  const { name, version, digest, aliases } = model;
  setSearchAttributes({ version, stage: 'registered' });
  const approvals = model.state === 'registered' ? approvalRule(spec).approvals : 0;
  const waits = approvals > 0 ? `; needs ${approvals} approvals before it may be champion` : '';
  steps.headline(`**${name}@${version}**: ${describeVersion(model)}; ${comparison.reason}${waits}`);

  const deployment = await startDeployment(model, input, { spec, comparison });
  return {
    workflowId,
    runId,
    model: { name, version, digest, aliases },
    pipeline: { name: pipeline.name, version: pipeline.version },
    data: { digest: snapshot.digest, files: snapshot.files, rows: snapshot.rows },
    source: { repository: source.repository, commit: source.commit, dirty: source.dirty },
    gates: steps.gates.map(({ evidence: _evidence, ...gate }) => gate),
    metrics: kept.evaluation.metrics,
    comparison,
    search: parameters.result,
    optimisation: kept.result,
    steps: steps.reports(),
    seconds: steps.seconds(),
    deployment,
  };
}

/** Every step from the data to a model that was judged, measured and compared. */
async function makeModel(
  steps: BuildSteps,
  pipeline: PipelineVersion,
  input: ResolvedBuildInput,
): Promise<BuiltModel> {
  const { spec, source } = pipeline;
  const { search, optimise, against, validationFolds = [], seed = spec.train.seed } = input;
  const code = { bundle: source.bundle, spec };
  const reuse = (step: BuildStep): boolean => mayReuse(input, step);

  const snapshot = await steps.run('snapshot', () =>
    activity.snapshotData({ source: input.data, spec, reuse: reuse('snapshot') }),
  );
  await judgeData(steps, snapshot, spec);
  const parameters = await searchParameters(steps, {
    ...code,
    data: snapshot,
    params: input.params,
    search,
    validationFolds,
    seed,
    reuse: reuse('search'),
  });
  const { params, data } = parameters;
  const trained = await steps.run('train', () => {
    const train = activity.trainFor(spec.train.timeoutSeconds);
    return train({ ...code, data, params, seed, reuse: reuse('train') });
  });
  const { onnx, golden, folds } = trained;
  const judged = await steps.run('model-gates', () =>
    activity.checkModel({ onnx, golden, folds, spec, reuse: reuse('model-gates') }),
  );
  const evaluation = await steps.run('evaluate', () =>
    activity.evaluateModel({ ...code, folds, data, seed, reuse: reuse('evaluate') }),
  );
  const kept = await optimiseModel(steps, {
    ...code,
    original: { variant: 'original', onnx, golden, folds, judged, evaluation },
    data,
    seed,
    options: optimise,
    reuse: reuse('optimise'),
  });
  const { metrics, scores } = kept.evaluation;
  const explanation = await steps.run('explain', () =>
    activity.explainModel({ ...code, folds: kept.folds, data, scores, seed, reuse: reuse('explain') }),
  );
  const comparison = await steps.run('compare', () =>
    activity.compareModel({ scores, metrics, data, spec, seed, against, reuse: reuse('compare') }),
  );
  return { pipeline, snapshot, parameters, trained, kept, explanation, comparison };
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
