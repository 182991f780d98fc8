import type { ArtefactRef } from '../../src/contracts/artefact.ts';
import type { DataRef } from '../../src/contracts/data/data-set.ts';
import type { AlertExplanation, Explanation } from '../../src/contracts/build/explanation.ts';
import type { ModelArtefacts } from '../../src/contracts/model/model-artefacts.ts';
import type { ProjectSpec } from '../../src/contracts/project/project.ts';
import type { GroupScores } from '../../src/contracts/build/scores.ts';
import { judgedRows } from '../../src/domain/evaluation/group-rows.ts';
import { permutationImportance } from '../../src/domain/explanation/permutation.ts';
import { shapleyValues, shapleyWalks, type Walk } from '../../src/domain/explanation/shapley.ts';
import { spread, stacked, windowAt, withColumns, type Window } from '../../src/domain/explanation/windows.ts';
import { seededRandom, shuffled } from '../../src/base/random.ts';
import { WindlassError } from '../../src/errors/windlass-error.ts';
import type { ScoreJob } from '../../src/ports/model-runtime.ts';
import { calibrateGroups } from '../calibration/calibrate-groups.ts';
import type { CalibrateHooks } from '../calibration/run-calibrate-command.ts';
import { readManifest } from '../data/manifest.ts';
import { withTempFolder } from '../../src/base/temp-folder.ts';
import type { ProjectCode } from '../environment/environment-activities.ts';
import { readScores } from './compare.ts';
import { scoreJob, type EvaluateDeps } from './evaluate.ts';
import { placeModels, readGroup, type CalibratedGroup } from './group-source.ts';

/**
 * Readings that all exchanged windows together may have: what about two seconds of scoring take for
 * a small model.
 */
const MAX_READINGS = 16_000_000;
const MAX_GROUPS = 40;
const REPEATS = 3;
/** Fewest windows that an importance is worth showing for. */
const MIN_WINDOWS = 100;
const ALERTS = 6;
const FALSE_ALARMS = 3;
const BACKGROUNDS = 8;
const PAIRS = 64;

export interface ExplainRequest extends ProjectCode {
  readonly data: DataRef;
  readonly folds: ModelArtefacts['folds'];
  /** ScoresFile of the evaluation. */
  readonly scores: ArtefactRef;
  readonly seed: number;
}

interface Subject {
  readonly own: GroupScores;
  readonly group: CalibratedGroup;
  readonly model: string;
}

/**
 * What the evaluated scores rest on: importance of each column, and contributions to the highest
 * alarms, right and false; each group by the fold model that did not see it. The work is bounded by
 * a budget of readings, not by the size of the data.
 */
export async function explain(
  deps: EvaluateDeps,
  request: ExplainRequest,
  hooks: CalibrateHooks,
): Promise<ArtefactRef> {
  const { signal, report } = hooks;
  const { spec, seed } = request;
  const scores = await readScores(deps.artefacts, request.scores);
  const scored = scores.groups.filter((g) => g.rows.length > 0);
  const chosen = shuffled(scored, seededRandom(seed)).slice(0, MAX_GROUPS);
  const explanation = await withTempFolder(async (folder): Promise<Explanation> => {
    const subjects = await readSubjects(deps, request, { chosen, folder, hooks });
    const exchanges = planExchanges(subjects, spec, seed);
    const alerts = planAlerts(subjects, spec, seed);
    report?.('what the scores rest on');
    const answers = await deps.models.score([...exchanges.map((e) => e.job), ...alerts.map((a) => a.job)], {
      signal,
      onProgress: report,
    });
    const columns = spec.data.columns.map((c) => c.name);
    const permuted = exchanges.map(({ labels, own }, i) => {
      const answer = answers[i] ?? new Float32Array();
      const each = own.length * REPEATS;
      return {
        labels,
        scores: own,
        permuted: columns.map((_, c) => answer.subarray(c * each, (c + 1) * each)),
      };
    });
    const { threshold } = spec.model;
    return {
      schema: 'windlass.explanation/1',
      importance: permutationImportance(permuted, columns, { threshold, seed }),
      windows: exchanges.reduce((n, e) => n + e.labels.length, 0),
      groups: exchanges.length,
      repeats: REPEATS,
      alerts: alerts.map((a, i) =>
        explained(a, answers[exchanges.length + i] ?? new Float32Array(), columns),
      ),
    };
  });
  return deps.artefacts.put(JSON.stringify(explanation), 'application/json');
}

async function readSubjects(
  deps: EvaluateDeps,
  request: ExplainRequest,
  {
    chosen,
    folder,
    hooks,
  }: { readonly chosen: readonly GroupScores[]; readonly folder: string; readonly hooks: CalibrateHooks },
): Promise<Subject[]> {
  const { data, folds, spec } = request;
  const manifest = await readManifest(deps.artefacts, data);
  const models = await placeModels(deps.artefacts, folds, folder);
  const read = [];
  for (const own of chosen) {
    const file = manifest.files.find((f) => f.group === own.group);
    if (file === undefined)
      throw new WindlassError('INTERNAL', `Scored group ${own.group} is not in the snapshot.`);
    read.push(await readGroup(deps, file, { spec, folder }));
  }
  const calibrated = await calibrateGroups(deps, { code: request, groups: read }, hooks);
  return calibrated.flatMap((group): Subject[] => {
    const own = chosen.find((g) => g.group === group.file.group);
    if (own === undefined) return [];
    // Where a device is still quiet, the score does not come from the model.
    const scored = new Set(judgedRows(group.data, spec.data.columns.length, spec.model).scored);
    const kept = own.rows.flatMap((row, i) => (scored.has(row) ? [i] : []));
    const of = (all: readonly number[]): number[] => kept.map((i) => all[i] as number);
    const judged = { ...own, rows: of(own.rows), scores: of(own.scores), labels: of(own.labels) };
    return [{ own: judged, group, model: models.get(String(own.fold)) ?? '' }];
  });
}

/** Scoring of windows that were put together here, by the model and calibration of a group. */
function jobOf({ group, model }: Subject, windows: readonly Window[], spec: ProjectSpec): ScoreJob {
  const { values, rows } = stacked(windows, spec.model.window);
  return scoreJob({ ...group, data: { ...group.data, values } }, { file: model, spec }, rows);
}

/**
 * Per group its windows with each column exchanged, in the order column, repeat, window; none when
 * the budget is too small.
 */
function planExchanges(subjects: readonly Subject[], spec: ProjectSpec, seed: number) {
  const columns = spec.data.columns.length;
  const shape = { window: spec.model.window, columns };
  const affordable = Math.floor(MAX_READINGS / (columns * REPEATS * shape.window * columns));
  if (affordable < MIN_WINDOWS) return [];
  const perGroup = Math.ceil(Math.min(affordable, 2000) / subjects.length);
  const random = seededRandom(seed);
  return subjects.map((subject) => {
    const { own, group } = subject;
    const picked = spread(
      own.rows.map((_, i) => i),
      perGroup,
    );
    const windows = picked.map((i) => windowAt(group.data.values, own.rows[i] as number, shape));
    const exchanged = spec.data.columns.flatMap((_, c) =>
      Array.from({ length: REPEATS }, () => {
        const others = shuffled(windows, random);
        const chosen = new Set([c]);
        return windows.map((w, i) => withColumns(w, others[i] as Window, { chosen, of: columns }));
      }).flat(),
    );
    return {
      job: jobOf(subject, exchanged, spec),
      labels: picked.map((i) => own.labels[i] as number),
      own: picked.map((i) => own.scores[i] as number),
    };
  });
}

interface Alert {
  readonly subject: Subject;
  /** Which of the group's scored windows. */
  readonly at: number;
}

/**
 * Highest alarms first, of each group at most the highest right and the highest false one; false
 * ones up to their share.
 */
function chooseAlerts(subjects: readonly Subject[], threshold: number): Alert[] {
  const score = ({ subject, at }: Alert): number => subject.own.scores[at] as number;
  const highest = (label: number): Alert[] =>
    subjects
      .flatMap((subject) => {
        const { scores, labels } = subject.own;
        const alarms = scores.flatMap((s, at) =>
          s >= threshold && labels[at] === label ? [{ subject, at }] : [],
        );
        return alarms.sort((a, b) => score(b) - score(a)).slice(0, 1);
      })
      .sort((a, b) => score(b) - score(a));
  const wrong = highest(0).slice(0, FALSE_ALARMS);
  return [...highest(1).slice(0, ALERTS - wrong.length), ...wrong];
}

/** The alerts to explain, with the walks that do. */
function planAlerts(subjects: readonly Subject[], spec: ProjectSpec, seed: number) {
  const columns = spec.data.columns.length;
  const shape = { window: spec.model.window, columns };
  const commissioning = { window: shape.window, calibration: { rows: 0, overlap: true } };
  return chooseAlerts(subjects, spec.model.threshold).flatMap(({ subject, at }) => {
    const { own, group } = subject;
    const rows = Math.min(spec.model.calibration.rows, group.data.rows);
    const whole = judgedRows({ rows, values: group.data.values }, columns, commissioning).scored;
    const backgrounds = spread(whole, BACKGROUNDS).map((r) => windowAt(group.data.values, r, shape));
    if (backgrounds.length === 0) return [];
    const pairs = Math.min(
      PAIRS,
      Math.floor(MAX_READINGS / ALERTS / (2 * (columns + 1) * shape.window * columns)),
    );
    if (pairs < backgrounds.length) return [];
    const walks = shapleyWalks({ columns, backgrounds: backgrounds.length, pairs, seed });
    const alert = windowAt(group.data.values, own.rows[at] as number, shape);
    const windows = walks.flatMap(({ order, background }) =>
      Array.from({ length: columns + 1 }, (_, k) =>
        withColumns(backgrounds[background] as Window, alert, {
          chosen: new Set(order.slice(0, k)),
          of: columns,
        }),
      ),
    );
    return [{ subject, at, walks, job: jobOf(subject, windows, spec) }];
  });
}

function explained(
  { subject, at, walks }: { readonly subject: Subject; readonly at: number; readonly walks: readonly Walk[] },
  answer: Float32Array,
  columns: readonly string[],
): AlertExplanation {
  const { own } = subject;
  const steps = columns.length + 1;
  const scores = walks.map((_, w) => answer.subarray(w * steps, (w + 1) * steps));
  const { base, contributions } = shapleyValues(walks, scores, columns.length);
  return {
    group: own.group,
    row: own.rows[at] as number,
    label: own.labels[at] as number,
    score: own.scores[at] as number,
    base,
    contributions: contributions.map((c, i) => ({ column: columns[i] as string, ...c })),
  };
}
