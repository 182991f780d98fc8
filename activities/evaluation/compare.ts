import type { ArtefactRef } from '../../src/contracts/artefact.ts';
import type { Comparison } from '../../src/contracts/build/comparison.ts';
import type { DataRef } from '../../src/contracts/data/data-set.ts';
import type { EvaluationMetrics } from '../../src/contracts/build/evaluation.ts';
import { ALIASES } from '../../src/contracts/names.ts';
import type { DataFile, DataManifest } from '../../src/contracts/data/data-manifest.ts';
import type { ProjectSpec } from '../../src/contracts/project/project.ts';
import { scoresFileSchema, type ScoresFile } from '../../src/contracts/build/scores.ts';
import { compareModels, noBaseline } from '../../src/domain/comparison/compare.ts';
import type { PairedGroup } from '../../src/domain/comparison/paired-groups.ts';
import { UNIT_COSTS } from '../../src/domain/evaluation/cost.ts';
import { judgedRows } from '../../src/domain/evaluation/group-rows.ts';
import { WindlassError } from '../../src/errors/windlass-error.ts';
import { findModel, modelReference, type ModelLookUp } from '../../src/application/find-model.ts';
import type { ArtefactStore } from '../../src/ports/artefact-store.ts';
import type { ModelVersion } from '../../src/contracts/model/model-version.ts';
import type { PipelineRegistry } from '../../src/ports/registry/pipelines.ts';
import { calibrateGroups } from '../calibration/calibrate-groups.ts';
import type { CalibrateHooks } from '../calibration/run-calibrate-command.ts';
import { readManifest } from '../data/manifest.ts';
import { withTempFolder } from '../../src/base/temp-folder.ts';
import { QUIET_SCORE, scoreJob, type EvaluateDeps } from './evaluate.ts';
import { placeModels, readGroup, type SourceGroup } from './group-source.ts';

export interface CompareDeps extends EvaluateDeps {
  readonly registry: ModelLookUp & Pick<PipelineRegistry, 'pipeline'>;
}

export interface CompareRequest {
  readonly data: DataRef;
  /** ScoresFile of the challenger's evaluation. */
  readonly scores: ArtefactRef;
  readonly metrics: EvaluationMetrics;
  readonly spec: ProjectSpec;
  readonly seed: number;
  /**
   * Version to compare with instead of the model's own champion: `name@version` or `name@alias`.
   */
  readonly against?: string | undefined;
}

const MAIN = 'main';

/**
 * The champion's model that may judge a group: the fold model that did not see it, else the main
 * one.
 */
export function fairModel(
  group: Pick<DataFile, 'group' | 'sha256'>,
  champion: DataManifest,
  folds: Readonly<Record<string, unknown>>,
): { readonly key: string; readonly seen: boolean } {
  const own =
    champion.files.find((f) => f.sha256 === group.sha256) ??
    champion.files.find((f) => f.group === group.group);
  if (own === undefined) return { key: MAIN, seen: false };
  // Groups that its parameters were chosen by have a fold, but no model that did not see them.
  const key = String(own.fold);
  return own.fold !== null && key in folds ? { key, seen: false } : { key: MAIN, seen: own.labelled };
}

/**
 * The version that a reference means, the champion for a name alone; throws NOT_FOUND when an
 * explicit reference means none.
 */
async function baseline(
  registry: CompareDeps['registry'],
  reference: string,
): Promise<ModelVersion | undefined> {
  const { name, version } = modelReference(reference);
  return version === undefined ? registry.model(name, ALIASES.champion) : findModel(registry, reference);
}

async function championOf(registry: CompareDeps['registry'], reference: string) {
  const champion = await baseline(registry, reference);
  if (champion === undefined) return undefined;
  const { name, version } = champion.pipeline;
  const pipeline = await registry.pipeline(name, version);
  if (pipeline === undefined)
    throw new WindlassError(
      'INTERNAL',
      `Pipeline ${name}@${version} of the champion is not in the registry.`,
    );
  return { champion, spec: pipeline.spec, bundle: pipeline.source.bundle };
}

/** What identifies the version to compare with, for caching; null when there is none. */
export async function championIdentity(
  registry: CompareDeps['registry'],
  reference: string,
): Promise<Pick<ModelVersion, 'name' | 'version' | 'digest' | 'pipeline'> | null> {
  const champion = await baseline(registry, reference);
  if (champion === undefined) return null;
  const { name, version, digest, pipeline } = champion;
  return { name, version, digest, pipeline };
}

/** The scores of an evaluation. */
export async function readScores(artefacts: ArtefactStore, ref: ArtefactRef): Promise<ScoresFile> {
  return scoresFileSchema.parse(JSON.parse((await artefacts.read(ref.digest)).toString('utf8')));
}

/** How the project wants its challenger compared. */
export function comparisonPlan(spec: ProjectSpec, champion: { version: string; threshold: number }) {
  const { slices, guardrails, costs, nonInferiorityMargin } = spec.evaluation;
  return {
    championVersion: champion.version,
    margin: nonInferiorityMargin,
    margins: guardrails,
    slices,
    thresholds: { champion: champion.threshold, challenger: spec.model.threshold },
    cost: { costs: costs ?? UNIT_COSTS, windowRows: spec.model.window },
    costsDeclared: costs !== undefined,
  };
}

/**
 * Challenger against champion on the very same windows: the champion scores each group with the
 * model that did not see it, reading its own columns, window and calibration; only windows that
 * both scored count.
 */
export async function compareWithChampion(
  deps: CompareDeps,
  request: CompareRequest,
  hooks: CalibrateHooks,
): Promise<Comparison> {
  const { signal, report } = hooks;
  const { spec, data, seed, metrics } = request;
  const margin = spec.evaluation.nonInferiorityMargin;
  const found = await championOf(deps.registry, request.against ?? spec.name);
  if (found === undefined) return noBaseline(metrics, margin);
  const { champion, spec: championSpec, bundle } = found;
  const scores = await readScores(deps.artefacts, request.scores);
  const [manifest, championManifest] = [
    await readManifest(deps.artefacts, data),
    await readManifest(deps.artefacts, champion.data),
  ];
  // The champion reads its own columns from today's files.
  const reading = { ...championSpec, data: { ...spec.data, columns: championSpec.data.columns } };
  return withTempFolder(async (folder) => {
    const models = await placeModels(deps.artefacts, { ...champion.folds, [MAIN]: champion.onnx }, folder);
    const read: SourceGroup[] = [];
    for (const own of scores.groups) {
      signal?.throwIfAborted();
      report?.(`champion reads ${own.group}`);
      const file = manifest.files.find((f) => f.group === own.group);
      if (file === undefined)
        throw new WindlassError('INTERNAL', `Scored group ${own.group} is not in the snapshot.`);
      read.push(await readGroup(deps, file, { spec: reading, folder }));
    }
    const code = { bundle, spec: reading };
    const calibrated = await calibrateGroups(deps, { code, groups: read }, hooks);
    const groups = new Map(calibrated.map((g) => [g.file.group, g]));
    let seen = 0;
    const pairs = [];
    for (const own of scores.groups) {
      const group = groups.get(own.group);
      if (group === undefined) continue;
      const judged = judgedRows(group.data, reading.data.columns.length, reading.model);
      const [quiet, scored] = [new Set(judged.quiet), new Set(judged.scored)];
      const common = own.rows.flatMap((row, i) => (quiet.has(row) || scored.has(row) ? [i] : []));
      const choice = fairModel(own, championManifest, champion.folds);
      const model = models.get(choice.key) ?? models.get(MAIN);
      if (model === undefined || common.length === 0) continue;
      if (choice.seen) seen += 1;
      const rows = common.map((i) => own.rows[i] ?? 0);
      const asked = rows.filter((row) => scored.has(row));
      pairs.push({ own, common, rows, asked, job: scoreJob(group, { file: model, spec: reading }, asked) });
    }
    const answers = await deps.models.score(
      pairs.map((p) => p.job),
      { signal, onProgress: report },
    );
    const paired = pairs.map(({ own, common, rows, asked }, i): PairedGroup => {
      const of = <T>(all: readonly T[]): T[] => common.map((k) => all[k] as T);
      const scoreOf = new Map(asked.map((row, k) => [row, answers[i]?.[k] ?? 0]));
      return {
        group: own.group,
        secondsPerRow: own.secondsPerRow,
        labels: of(own.labels),
        deviations: of(own.deviations),
        challenger: of(own.scores),
        champion: rows.map((row) => scoreOf.get(row) ?? QUIET_SCORE),
        slices: Object.fromEntries(
          Object.entries(own.slices).map(([name, v]) => [name, typeof v === 'string' ? v : of(v)]),
        ),
      };
    });
    const { name, version } = champion;
    const comparison = compareModels(paired, {
      ...comparisonPlan(spec, {
        version: name === spec.name ? version : `${name}@${version}`,
        threshold: championSpec.model.threshold,
      }),
      seed,
    });
    return seen === 0
      ? comparison
      : {
          ...comparison,
          reason: `${comparison.reason}; the champion was trained on ${seen} of these groups`,
        };
  });
}
