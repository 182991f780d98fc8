import { workflowInfo } from '@temporalio/workflow';
import type { TrainedModel } from '../../activities/training/train-activities.ts';
import type { ArtefactRef } from '../../src/contracts/artefact.ts';
import type { Actor } from '../../src/contracts/audit.ts';
import type { BuildStep } from '../../src/contracts/build/build-steps.ts';
import type { Comparison } from '../../src/contracts/build/comparison.ts';
import type { PipelineVersion } from '../../src/contracts/build/pipeline-version.ts';
import type { DataRef } from '../../src/contracts/data/data-set.ts';
import type { ModelVersion } from '../../src/contracts/model/model-version.ts';
import { ALIASES } from '../../src/contracts/names.ts';
import { approvalRule } from '../../src/domain/registry/approvals.ts';
import { firstAlias } from '../../src/domain/registry/first-alias.ts';
import { refusalOf } from '../shared/refusal.ts';
import type { Steps } from '../shared/steps.ts';
import * as activity from './build-activities.ts';
import type { KeptVariant } from './optimise-model.ts';
import type { ChosenParameters } from './search-parameters.ts';

/** All that a build found out about the model that it registers. */
export interface BuiltModel {
  readonly pipeline: PipelineVersion;
  readonly snapshot: DataRef;
  readonly parameters: ChosenParameters;
  readonly trained: TrainedModel;
  readonly kept: KeptVariant;
  /** Explanation */
  readonly explanation: ArtefactRef;
  readonly comparison: Comparison;
}

/** Writes the card of a model, registers it, and gives it its first alias. */
export async function registerModel(
  steps: Steps<BuildStep>,
  built: BuiltModel,
  by: Actor,
): Promise<ModelVersion> {
  const { pipeline, snapshot, parameters, trained, kept, comparison } = built;
  const { name, version, spec } = pipeline;
  const { workflowId, runId } = workflowInfo();
  return steps.run('register', async () => {
    // What the card and the record of the version both say.
    const common = {
      digest: kept.onnx.digest,
      pipeline: { name, version },
      data: snapshot,
      params: trained.params,
      seed: trained.seed,
      metrics: kept.evaluation.metrics,
      gates: steps.gates,
      comparison,
    };
    const card = await activity.writeModelCard({
      ...common,
      spec,
      source: pipeline.source,
      environment: trained.environment,
      report: kept.evaluation.report,
      explanation: built.explanation,
      profiles: kept.profiles,
      search: parameters.result,
      optimisation: kept.result,
    });
    const registration = {
      ...common,
      name: spec.name,
      onnx: kept.onnx,
      golden: kept.golden,
      folds: kept.folds,
      baseline: kept.evaluation.baseline,
      card,
      log: trained.log,
      search: parameters.record,
      optimisation: kept.record,
      run: { workflowId, runId },
    };
    const registered = await activity.registerModel(registration, by);
    const value = await giveFirstAlias(registered, built, by);
    return { value, message: describeVersion(value) };
  });
}

/** "version 3 (champion)" */
export function describeVersion({ version, aliases, state }: ModelVersion): string {
  const called = aliases.length === 0 ? '' : ` (${aliases.join(', ')})`;
  return `version ${version}${called}${state === 'rejected' ? ', rejected' : ''}`;
}

async function giveFirstAlias(
  registered: ModelVersion,
  { comparison: { verdict }, pipeline }: BuiltModel,
  by: Actor,
): Promise<ModelVersion> {
  const { name, version } = registered;
  const { approvals } = approvalRule(pipeline.spec);
  const hasChampion =
    verdict !== 'NO_BASELINE' || (await activity.findModel(`${name}@${ALIASES.champion}`)) !== null;
  const alias = firstAlias(registered, { verdict, approvals, hasChampion });
  if (alias === undefined) return registered;
  const point = async (to: string): Promise<ModelVersion> => {
    await activity.setAlias({ name, alias: to, version }, by);
    return { ...registered, aliases: [to] };
  };
  if (alias !== ALIASES.champion) return point(alias);
  // Another was quicker after all, or the last champion's project wanted approvals.
  return point(alias).catch((error: unknown) => {
    if (refusalOf(error) === undefined) throw error;
    return point(ALIASES.challenger);
  });
}
