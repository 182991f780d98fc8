import { workflowInfo } from '@temporalio/workflow';
import type { Comparison } from '../../src/contracts/build/comparison.ts';
import type { DataRef } from '../../src/contracts/data/data-set.ts';
import type { EvaluationMetrics } from '../../src/contracts/build/evaluation.ts';
import type { ArtefactRef } from '../../src/contracts/artefact.ts';
import type { ModelProfile } from '../../src/contracts/build/optimisation.ts';
import type { ImportInput, ImportResult, ResolvedImportInput } from '../../src/contracts/build/import.ts';
import {
  importedGates,
  missingParts,
  notMeasured,
  unprovenGate,
} from '../../src/domain/registry/imported.ts';
import type { ImportedRegistration } from '../../src/contracts/model/model-version.ts';
import type { PipelineVersion } from '../../src/contracts/build/pipeline-version.ts';
import { resolveInput } from '../shared/resolve-input.ts';
import { setSearchAttributes } from '../shared/search-attributes.ts';
import { createSteps, type Steps } from '../shared/steps.ts';
import * as activity from './build-activities.ts';
import { judgeData, publishCommit } from './shared-steps.ts';

const IMPORT_STEPS = [
  'receive',
  'checkout',
  'model-gates',
  'environment',
  'checks',
  'publish',
  'snapshot',
  'data-gates',
  'evaluate',
  'explain',
  'compare',
  'register',
] as const;
type ImportStep = (typeof IMPORT_STEPS)[number];
type ImportSteps = Steps<ImportStep>;

interface Measured {
  readonly data: DataRef | null;
  readonly metrics: EvaluationMetrics | null;
  readonly baseline: ArtefactRef | null;
  readonly comparison: Comparison;
  readonly report: ArtefactRef | null;
  readonly explanation: ArtefactRef | null;
}

/**
 * Registers a model that was trained elsewhere, through the same gates as a build: a project says
 * what it is asked to be and serves it, golden rows what it should predict, data what it is worth.
 * What is not given is said to be missing, and the version can then be looked at but not deployed.
 * A refused import registers nothing.
 */
export async function importModel(raw: ImportInput): Promise<ImportResult> {
  const steps = createSteps('Import a model', IMPORT_STEPS);
  const { workflowId, runId } = workflowInfo();
  const input = await resolveInput('importModel', raw);
  const by = { actor: input.actor, reason: input.reason };
  setSearchAttributes({ stage: 'import' });

  const { file, golden } = input;
  const received = await steps.run('receive', () => activity.receiveModel({ file, golden }));
  const { pipeline, profiles } = await judge(steps, input, received);
  const name = input.name ?? pipeline?.spec.name ?? '';
  setSearchAttributes({ model: name });
  const { report, explanation, ...measured } = await measure(steps, input, {
    pipeline,
    name,
    onnx: received.onnx,
  });

  const model = await steps.run('register', async () => {
    const { onnx } = received;
    const parts = {
      golden: received.golden,
      ...measured,
      pipeline: pipeline && { name: pipeline.name, version: pipeline.version },
    };
    steps.addGates(importedGates(parts));
    const common = { name, digest: onnx.digest, gates: steps.gates };
    const card = await activity.writeImportedCard({
      ...common,
      file,
      spec: pipeline?.spec ?? null,
      parts,
      profiles,
      comparison: measured.comparison,
      report,
      explanation,
    });
    const registration: ImportedRegistration = {
      ...common,
      ...parts,
      onnx,
      folds: {},
      card,
      log: null,
      params: {},
      seed: 0,
      run: { workflowId, runId },
      origin: 'imported',
      importedFile: file,
      missing: missingParts(parts),
    };
    const value = await activity.registerImport(registration, by);
    return { value, message: `version ${value.version}, ${value.state}` };
  });
  setSearchAttributes({ version: model.version, stage: 'registered' });
  const { version, digest, state } = model;
  steps.headline(`**${name}@${version}**: imported, ${state}`);
  return {
    workflowId,
    runId,
    model: { name, version, digest, state },
    origin: 'imported',
    missing: model.missing ?? [],
    gates: steps.gates.map(({ evidence: _evidence, ...gate }) => gate),
    steps: steps.reports(),
    seconds: steps.seconds(),
  };
}

/**
 * The project that serves the model is published like any other; the model is judged before
 * anything is built for it.
 */
async function judge(
  steps: ImportSteps,
  { project, ref, allowDirty, actor, reason }: ResolvedImportInput,
  received: { readonly onnx: ArtefactRef; readonly golden: ArtefactRef | null },
): Promise<{ readonly pipeline: PipelineVersion | null; readonly profiles: readonly ModelProfile[] }> {
  const checkedOut =
    project === undefined
      ? null
      : await steps.run('checkout', () => activity.checkoutProject({ project, ref, allowDirty }));
  if (checkedOut === null)
    for (const step of ['checkout', 'environment', 'checks', 'publish'] as const)
      steps.skip(step, 'no project was named');
  const spec = checkedOut?.spec ?? null;
  const { profiles } = await steps.run('model-gates', () => activity.judgeImport({ ...received, spec }));
  if (checkedOut === null) return { pipeline: null, profiles };
  const pipeline = await publishCommit(steps, checkedOut, { by: { actor, reason }, reuse: true });
  return { pipeline, profiles };
}

/** Metrics, baseline and comparison on data that the model has not seen, when there are any. */
async function measure(
  steps: ImportSteps,
  { data: source }: ResolvedImportInput,
  given: {
    readonly pipeline: PipelineVersion | null;
    readonly name: string;
    readonly onnx: ArtefactRef;
  },
): Promise<Measured> {
  const { pipeline, name, onnx } = given;
  if (pipeline === null || source === undefined) {
    for (const step of ['snapshot', 'data-gates', 'evaluate', 'explain', 'compare'] as const)
      steps.skip(step, 'no data were given');
    const margin = pipeline?.spec.evaluation.nonInferiorityMargin ?? 0;
    return {
      data: null,
      metrics: null,
      baseline: null,
      report: null,
      explanation: null,
      comparison: notMeasured(margin),
    };
  }
  const spec = { ...pipeline.spec, name };
  const { seed } = spec.train;
  const data = await steps.run('snapshot', () => activity.snapshotData({ source, spec }));
  await judgeData(steps, data, spec);
  // There is only one model: it scores every group.
  const folds = Object.fromEntries(Array.from({ length: spec.evaluation.folds }, (_, fold) => [fold, onnx]));
  const scored = { folds, bundle: pipeline.source.bundle, data, spec, seed };
  const { metrics, scores, baseline, report } = await steps.run('evaluate', () =>
    activity.evaluateModel({ ...scored, reuse: true }),
  );
  steps.addGates([unprovenGate(metrics.groups)]);
  const explanation = await steps.run('explain', () =>
    activity.explainModel({ ...scored, scores, reuse: true }),
  );
  const comparison = await steps.run('compare', () =>
    activity.compareModel({ scores, metrics, data, spec, seed, reuse: true }),
  );
  return { data, metrics, baseline, comparison, report, explanation };
}
