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
import type { ModelVersion } from '../../src/contracts/model/model-version.ts';
import { resolveInput } from '../shared/resolve-input.ts';
import { setSearchAttributes } from '../shared/search-attributes.ts';
import { createSteps } from '../shared/steps.ts';
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
  const differences: Difference[] = [];
  const unchecked: Unchecked[] = [];
  const notes: string[] = [];
  const say = (found: readonly Difference[]): string => {
    differences.push(...found);
    const [first] = found;
    return first === undefined ? 'as recorded' : `${found.length} difference(s), first ${first.what}`;
  };
  const add = (check: Recheck): string => {
    unchecked.push(...check.unchecked);
    notes.push(...check.notes);
    const missed = check.unchecked.map(({ what, why }) => `${what} not compared: ${why}`);
    const compared = check.differences.length > 0 || missed.length === 0 ? [say(check.differences)] : [];
    return [...compared, ...missed, ...check.notes].join('; ');
  };

  const { model, pipeline } = await steps.run('resolve', async () => {
    const found = await activity.resolveModel(input.model);
    if (found.origin === 'imported')
      throw ApplicationFailure.nonRetryable(
        `${found.name}@${found.version} was imported: there is no commit, environment or data to make it from again`,
        'INPUT_INVALID',
      );
    const { name, version } = found.pipeline;
    const published = await activity.findPipeline(`${name}@${version}`);
    const value = { model: found, pipeline: published };
    return { value, message: `${found.name}@${found.version} by ${name}@${version}` };
  });
  const { spec, source } = pipeline;
  const { data: snapshot, params, seed } = model;
  // without the folds that its parameters were chosen by
  const data = model.search?.data ?? snapshot;
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
    return { value: undefined, message: add(check) };
  });
  const code = { bundle: source.bundle, spec };
  await steps.run('environment', async () => {
    const { value, message } = await activity.prepareEnvironment(code);
    const same = value.key === pipeline.environment;
    const found = same ? [] : [{ what: 'environment', recorded: pipeline.environment, found: value.key }];
    return { value: undefined, message: `${message ?? ''}: ${say(found)}` };
  });
  await steps.run('data', async () => {
    const elsewhere = input.data === undefined ? {} : { source: input.data };
    const check = await activity.recheckData({ ref: snapshot, spec, ...elsewhere });
    return { value: undefined, message: add(check) };
  });
  const kept = model.optimisation?.kept ?? 'original';
  const trained = await steps.run('train', async () => {
    const train = activity.trainFor(spec.train.timeoutSeconds);
    const { value } = await train({ ...code, data, params, seed, reuse: false });
    const found =
      kept === 'original'
        ? differencesOf(digests(model), digests(value), 'digest')
        : differencesOf(model.optimisation?.from, value.onnx.digest, 'digest of the model as trained');
    return { value, message: say(found) };
  });
  const remake = async (kind: Optimisation): Promise<Files> =>
    steps.run('optimise', async () => {
      const { onnx, folds } = trained;
      const { value: made } = await activity.makeCandidate({ ...code, kind, onnx, folds, reuse: false });
      const value = { ...made, golden: await goldenOf(kind, { ...made, golden: trained.golden, spec }) };
      return { value, message: `${kind}: ${say(differencesOf(digests(model), digests(value), 'digest'))}` };
    });
  if (kept === 'original') steps.skip('optimise', 'the model was registered as it was trained');
  const rebuilt = kept === 'original' ? trained : await remake(kept);
  await steps.run('evaluate', async () => {
    const { value } = await activity.evaluateModel({
      ...code,
      folds: rebuilt.folds,
      data,
      seed,
      reuse: false,
    });
    return { value: undefined, message: add(compareMetrics(model.metrics, value.metrics)) };
  });

  const identical = differences.length === 0;
  const compared = { differences, unchecked };
  steps.headline(`**${reference}** ${describeReproduction(compared)}: ${rebuilt.onnx.digest}`);
  return {
    workflowId,
    runId,
    identical,
    ...compared,
    notes,
    model: { reference, recorded: model.onnx.digest, rebuilt: rebuilt.onnx.digest },
    steps: steps.reports(),
    seconds: steps.seconds(),
  };
}

type Files = Pick<ModelVersion, 'onnx' | 'folds' | 'golden'>;

function digests({ onnx, folds, golden }: Files): object {
  return {
    folds: digestsOf(folds),
    'golden.json': golden.digest,
    'model.onnx': onnx.digest,
  };
}
