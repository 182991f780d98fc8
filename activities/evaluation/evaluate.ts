import type { ArtefactRef } from '../../src/contracts/artefact.ts';
import { calibrationTensors } from '../../src/contracts/device/calibration.ts';
import type { EvaluationReport } from '../../src/contracts/build/evaluation.ts';
import type { DataRef } from '../../src/contracts/data/data-set.ts';
import type { EvaluationMetrics } from '../../src/contracts/build/evaluation.ts';
import type { ModelArtefacts } from '../../src/contracts/model/model-artefacts.ts';
import type { ProjectSpec } from '../../src/contracts/project/project.ts';
import type { GroupScores, ScoresFile } from '../../src/contracts/build/scores.ts';
import type { MonitoringBaseline } from '../../src/contracts/device/window-summary.ts';
import { monitoringBaseline } from '../../src/domain/monitoring/monitoring-baseline.ts';
import { canonicalJson } from '../../src/base/canonical-json.ts';
import { deviations } from '../../src/domain/evaluation/deviation.ts';
import { judgedRows } from '../../src/domain/evaluation/group-rows.ts';
import { evaluationMetrics } from '../../src/domain/evaluation/metrics.ts';
import { evaluationReport } from '../../src/domain/evaluation/report.ts';
import { sliceValues } from '../../src/domain/evaluation/slices.ts';
import { WindlassError } from '../../src/errors/windlass-error.ts';
import type { ArtefactStore } from '../../src/ports/artefact-store.ts';
import type { ModelRuntime, ScoreJob } from '../../src/ports/model-runtime.ts';
import { calibrateGroups } from '../calibration/calibrate-groups.ts';
import type { CalibrateHooks } from '../calibration/run-calibrate-command.ts';
import { readManifest } from '../data/manifest.ts';
import type { ProjectCode } from '../environment/environment-activities.ts';
import { withTempFolder } from '../../src/base/temp-folder.ts';
import {
  placeModels,
  readGroup,
  type CalibratedGroup,
  type GroupSource,
  type SourceGroup,
} from './group-source.ts';

export interface EvaluateDeps extends GroupSource {
  readonly models: ModelRuntime;
}

export interface EvaluateRequest extends ProjectCode {
  readonly data: DataRef;
  readonly folds: ModelArtefacts['folds'];
  readonly seed: number;
}

export interface Evaluation {
  readonly metrics: EvaluationMetrics;
  /** EvaluationReport */
  readonly report: ArtefactRef;
  /** ScoresFile */
  readonly scores: ArtefactRef;
  /** MonitoringBaseline */
  readonly baseline: ArtefactRef;
}

/** What a device that is still quiet counts as. */
export const QUIET_SCORE = 0;

/** The scoring of the given rows of a group by one model. */
export function scoreJob(
  group: CalibratedGroup,
  model: { readonly file: string; readonly spec: Pick<ProjectSpec, 'model' | 'data'> },
  rows: readonly number[],
): ScoreJob {
  const { spec, file } = model;
  return {
    modelFile: file,
    values: group.data.values,
    columns: spec.data.columns.length,
    window: spec.model.window,
    calibration: calibrationTensors(spec.model.calibration, spec.data.columns.length).map((tensor) => ({
      ...tensor,
      values: group.calibration.tensors[tensor.name] ?? new Float32Array(),
    })),
    rows,
    input: spec.model.input,
    output: spec.model.output,
  };
}

/** What a later comparison needs to know of a group and its scored rows. */
function groupScores(
  { file, data, calibration, secondsPerRow, texts }: CalibratedGroup,
  scored: { readonly fold: number; readonly rows: number[]; readonly scores: number[] },
  spec: ProjectSpec,
): GroupScores {
  const { rows } = scored;
  return {
    group: file.group,
    sha256: file.sha256,
    secondsPerRow,
    ...scored,
    labels: rows.map((r) => data.labels?.[r] ?? 0),
    deviations: deviations(data, calibration, rows),
    slices: sliceValues(spec.evaluation.slices, { path: file.path, rows, texts }),
  };
}

/** The report of an evaluation. */
export async function readEvaluation(artefacts: ArtefactStore, ref: ArtefactRef): Promise<EvaluationReport> {
  return JSON.parse((await artefacts.read(ref.digest)).toString('utf8')) as EvaluationReport;
}

/** Readings of one monitoring report: the summaries of one stretch, each of so many windows. */
export function reportRows(spec: Pick<ProjectSpec, 'model' | 'monitoring'>): number {
  return spec.monitoring.windowsPerSummary * spec.model.window;
}

/**
 * Scores every labelled window of the groups that have a fold with the model that did not see the
 * group, and makes metrics, the scores for later comparison, and the monitoring baseline. Nothing
 * here was reported by the training code.
 */
export async function evaluate(
  deps: EvaluateDeps,
  request: EvaluateRequest,
  hooks: CalibrateHooks,
): Promise<Evaluation> {
  const { signal, report } = hooks;
  const { spec, data, folds, seed } = request;
  const width = spec.data.columns.length;
  const manifest = await readManifest(deps.artefacts, data);
  return withTempFolder(async (folder) => {
    const labelled = manifest.files.filter((f) => f.labelled);
    const texts = spec.evaluation.slices.flatMap((s) => s.column ?? []);
    const read: SourceGroup[] = [];
    for (const file of labelled) {
      signal?.throwIfAborted();
      report?.(`reading ${file.path}`);
      read.push(await readGroup(deps, file, { spec, folder, texts }));
    }
    const groups = await calibrateGroups(deps, { code: request, groups: read }, hooks);
    const models = await placeModels(deps.artefacts, folds, folder);
    const scored = groups.flatMap((group) => {
      const { fold } = group.file;
      if (fold === null) return [];
      const model = models.get(String(fold));
      if (model === undefined)
        throw new WindlassError(
          'INTERNAL',
          `There is no model of fold ${fold}, which holds out ${group.file.group}.`,
        );
      const { quiet, scored: rows } = judgedRows(group.data, width, spec.model);
      return [{ group, fold, quiet, rows, job: scoreJob(group, { file: model, spec }, rows) }];
    });
    if (scored.every((s) => s.rows.length === 0))
      throw new WindlassError(
        'DATA_INVALID',
        'No window can be scored: every held-out group is too short or has gaps.',
        {
          hint: `Groups need labels and more than ${Math.max(spec.model.calibration.rows, spec.model.window)} rows; see evaluation.include.`,
        },
      );
    const answers = await deps.models.score(
      scored.map((s) => s.job),
      { signal, onProgress: report },
    );
    const results = scored.map(({ group, fold, quiet, rows }, i) => {
      const scores = [...quiet.map(() => QUIET_SCORE), ...(answers[i] ?? [])];
      return groupScores(group, { fold, rows: [...quiet, ...rows], scores }, spec);
    });
    const broken = results.find((r) => r.scores.some((p) => !Number.isFinite(p)));
    if (broken !== undefined)
      throw new WindlassError(
        'GATE_FAILED',
        `The model gave NaN or infinity for windows of ${broken.group}.`,
      );
    report?.('monitoring baseline');
    const byRow = new Map(
      scored.map(({ group, rows }, i) => [
        group.file.group,
        new Map(rows.map((row, k) => [row, answers[i]?.[k] ?? 0])),
      ]),
    );
    const baseline: MonitoringBaseline = monitoringBaseline(
      groups.map(({ data: rows, calibration, file }) => ({
        data: rows,
        calibration,
        scores: byRow.get(file.group) ?? new Map<number, number>(),
      })),
      {
        columns: spec.data.columns.map((c) => c.name),
        calibrationRows: spec.model.calibration.rows,
        chunkRows: reportRows(spec),
        seed,
      },
    );
    const scores: ScoresFile = { schema: 'windlass.scores/2', groups: results };
    const { costPerDeviceDay, ...evaluation } = evaluationReport(results, { spec, seed });
    const { brier, ece } = evaluation.reliability ?? {};
    return {
      metrics: { ...evaluationMetrics(results, spec.model.threshold), brier, ece, costPerDeviceDay },
      report: await deps.artefacts.put(canonicalJson(evaluation), 'application/json'),
      scores: await deps.artefacts.put(canonicalJson(scores), 'application/json'),
      baseline: await deps.artefacts.put(canonicalJson(baseline), 'application/json'),
    };
  });
}
