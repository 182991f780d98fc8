import { ApplicationFailure, workflowInfo } from '@temporalio/workflow';
import type {
  Difference,
  Recheck,
  ReproduceInput,
  ReproduceResult,
  Unchecked,
} from '../../src/contracts/build/reproduce.ts';
import { digestsOf } from '../../src/domain/registry/artefact-digests.ts';
import {
  compareMetrics,
  describeReproduction,
  differencesOf,
} from '../../src/domain/registry/reproduction.ts';
import type { Optimisation } from '../../src/contracts/build/optimisation.ts';
import type { PipelineVersion } from '../../src/contracts/build/pipeline-version.ts';
import type { ModelArtefacts } from '../../src/contracts/model/model-artefacts.ts';
import type { ModelVersion } from '../../src/contracts/model/model-version.ts';
import type { StepOutput } from '../../src/contracts/progress.ts';
import { resolveInput } from '../shared/resolve-input.ts';
import { setSearchAttributes } from '../shared/search-attributes.ts';
import { createSteps, type Steps } from '../shared/steps.ts';
import * as activity from './build-activities.ts';
import { goldenOf } from './optimise-model.ts';

const STEPS = ['resolve', 'source', 'environment', 'data', 'train', 'optimise', 'evaluate'] as const;

/**
 * Makes a registered version again from the recorded commit, environment, data, parameters and
 * seed, and compares every digest and metric. What was kept (bundle, snapshot) is built from; its
 * origins are looked at again, and what changed there is named. Nothing is registered.
 */
export async function reproduceModel(raw: ReproduceInput = {}): Promise<ReproduceResult> {
  const steps = createSteps('Reproduce', STEPS);
  const { workflowId, runId } = workflowInfo();
  const input = await resolveInput('reproduceModel', raw);
  const findings = new Findings();

  const { model, pipeline } = await steps.run('resolve', () => resolve(input.model));
  const { spec, source } = pipeline;
  const reference = `${model.name}@${model.version}`;
  setSearchAttributes({
    model: model.name,
    version: model.version,
    commit: source.commit,
    stage: 'reproduce',
  });

  await steps.run('source', async () => {
    const { project } = input;
    const check = await activity.recheckSource({ pipeline, project });
    return { value: undefined, message: findings.add(check) };
  });
  await steps.run('environment', async () => {
    const { value, message } = await activity.prepareEnvironment({ bundle: source.bundle, spec });
    const found = differencesOf(pipeline.environment, value.key, 'environment');
    return { value: undefined, message: `${message ?? ''}: ${findings.addDifferences(found)}` };
  });
  await steps.run('data', async () => {
    const check = await activity.recheckData({ ref: model.data, spec, source: input.data });
    return { value: undefined, message: findings.add(check) };
  });
  const rebuilt = await rebuild(steps, { model, pipeline, findings });

  const { differences, unchecked, notes } = findings;
  steps.headline(
    `**${reference}** ${describeReproduction({ differences, unchecked })}: ${rebuilt.onnx.digest}`,
  );
  return {
    workflowId,
    runId,
    identical: differences.length === 0,
    differences,
    unchecked,
    notes,
    model: { reference, recorded: model.onnx.digest, rebuilt: rebuilt.onnx.digest },
    steps: steps.reports(),
    seconds: steps.seconds(),
  };
}

/** What was found out so far; adding to it gives the line that says what was added. */
class Findings {
  readonly differences: Difference[] = [];
  readonly unchecked: Unchecked[] = [];
  readonly notes: string[] = [];

  addDifferences(found: readonly Difference[]): string {
    this.differences.push(...found);
    const [first] = found;
    return first === undefined ? 'as recorded' : `${found.length} difference(s), first ${first.what}`;
  }

  add({ differences, unchecked, notes }: Recheck): string {
    this.unchecked.push(...unchecked);
    this.notes.push(...notes);
    const missed = unchecked.map(({ what, why }) => `${what} not compared: ${why}`);
    const nothingCompared = differences.length === 0 && missed.length > 0;
    const compared = nothingCompared ? [] : [this.addDifferences(differences)];
    return [...compared, ...missed, ...notes].join('; ');
  }
}

interface Recorded {
  readonly model: ModelVersion;
  readonly pipeline: PipelineVersion;
}

async function resolve(reference: string): Promise<StepOutput<Recorded>> {
  const model = await activity.resolveModel(reference);
  const named = `${model.name}@${model.version}`;
  if (model.origin === 'imported')
    throw ApplicationFailure.nonRetryable(
      `${named} was imported: there is no commit, environment or data to make it from again`,
      'INPUT_INVALID',
    );
  const by = `${model.pipeline.name}@${model.pipeline.version}`;
  const pipeline = await activity.findPipeline(by);
  return { value: { model, pipeline }, message: `${named} by ${by}` };
}

/** Trains, optimises and evaluates as was recorded. */
async function rebuild(
  steps: Steps<(typeof STEPS)[number]>,
  { model, pipeline, findings }: Recorded & { readonly findings: Findings },
): Promise<ModelArtefacts> {
  const { spec, source } = pipeline;
  const { params, seed, optimisation } = model;
  const kept = optimisation?.kept ?? 'original';
  const code = { bundle: source.bundle, spec };
  // Without the folds that its parameters were chosen by.
  const data = model.search?.data ?? model.data;
  const reuse = false;
  const compareDigests = (made: ModelArtefacts): string =>
    findings.addDifferences(differencesOf(digests(model), digests(made), 'digest'));

  const trained = await steps.run('train', async () => {
    const train = activity.trainFor(spec.train.timeoutSeconds);
    const { value } = await train({ ...code, data, params, seed, reuse });
    if (kept === 'original') return { value, message: compareDigests(value) };
    const found = differencesOf(optimisation?.from, value.onnx.digest, 'digest of the model as trained');
    return { value, message: findings.addDifferences(found) };
  });
  const optimise = async (kind: Optimisation): Promise<StepOutput<ModelArtefacts>> => {
    const { onnx, golden, folds } = trained;
    const { value: made } = await activity.makeCandidate({ ...code, kind, onnx, folds, reuse });
    const value = { ...made, golden: await goldenOf(kind, { onnx: made.onnx, golden }, spec) };
    return { value, message: `${kind}: ${compareDigests(value)}` };
  };
  if (kept === 'original') steps.skip('optimise', 'the model was registered as it was trained');
  const rebuilt = kept === 'original' ? trained : await steps.run('optimise', () => optimise(kept));
  await steps.run('evaluate', async () => {
    const { folds } = rebuilt;
    const { value } = await activity.evaluateModel({ ...code, folds, data, seed, reuse });
    return { value: undefined, message: findings.add(compareMetrics(model.metrics, value.metrics)) };
  });
  return rebuilt;
}

function digests({ onnx, folds, golden }: ModelArtefacts): object {
  return {
    folds: digestsOf(folds),
    'golden.json': golden.digest,
    'model.onnx': onnx.digest,
  };
}
