import type { Comparison } from '../../contracts/build/comparison.ts';
import type { DataRef } from '../../contracts/data/data-set.ts';
import type { EvaluationMetrics } from '../../contracts/build/evaluation.ts';
import type { SourceRef } from '../../contracts/build/source.ts';
import type { EvaluationReport } from '../../contracts/build/evaluation.ts';
import type { Explanation } from '../../contracts/build/explanation.ts';
import type { GateResult } from '../../contracts/gate.ts';
import type { ModelCard } from '../../contracts/model/model-card.ts';
import type { ModelProfile, OptimisationResult } from '../../contracts/build/optimisation.ts';
import type { ProjectSpec } from '../../contracts/project/project.ts';
import type { SearchResult } from '../../contracts/build/search.ts';
import { missingParts, NEVER_KNOWN, missingReasons, type Parts } from './imported.ts';

export interface ModelCardContent {
  readonly spec: ProjectSpec;
  readonly digest: string;
  readonly source: SourceRef;
  readonly pipeline: { readonly name: string; readonly version: string };
  readonly data: DataRef;
  readonly params: Readonly<Record<string, unknown>>;
  readonly seed: number;
  readonly environment: string;
  readonly metrics: EvaluationMetrics;
  readonly gates: readonly GateResult[];
  readonly comparison: Comparison;
  readonly search?: SearchResult | undefined;
  readonly profiles: readonly ModelProfile[];
  readonly optimisation?: OptimisationResult | undefined;
}

/** The card of a version that is about to be registered. */
export function modelCard(
  content: ModelCardContent,
  { evaluation, explanation }: { readonly evaluation: EvaluationReport; readonly explanation: Explanation },
): ModelCard {
  const { spec, digest, source, pipeline, data, params, seed, environment, metrics, gates, comparison } =
    content;
  const { repository, subfolder, commit, ref, dirty } = source;
  return {
    schema: 'windlass.card/1',
    name: spec.name,
    description: spec.description,
    digest,
    pipeline,
    environment,
    data,
    params,
    seed,
    source: { repository, subfolder, commit, ref, dirty },
    model: spec.model,
    columns: spec.data.columns,
    metrics,
    evaluation,
    explanation,
    comparison,
    search: content.search,
    profiles: content.profiles,
    optimisation: content.optimisation,
    gates: gates.map(({ evidence: _, ...gate }) => gate),
    limits: limits(spec, { metrics, explanation }),
  };
}

/**
 * What is known of a model that was trained elsewhere; `spec` is that of the project that serves
 * it.
 */
export interface ImportedCardContent {
  readonly name: string;
  readonly digest: string;
  readonly file: string;
  readonly spec: ProjectSpec | null;
  readonly parts: Parts;
  readonly profiles: readonly ModelProfile[];
  readonly gates: readonly GateResult[];
  readonly comparison: Comparison;
}

/** The card of an imported version: what was found out here, and what its lineage lacks. */
export function importedCard(
  { name, digest, file, spec, parts, profiles, gates, comparison }: ImportedCardContent,
  measured: { readonly evaluation: EvaluationReport; readonly explanation: Explanation } | null,
): ModelCard {
  const { pipeline, data, metrics } = parts;
  const missing = missingParts(parts);
  const known = metrics === null || measured === null ? null : { metrics, ...measured };
  return {
    schema: 'windlass.card/1',
    name,
    description: spec?.description ?? '',
    digest,
    imported: { file, missing },
    pipeline,
    source: null,
    environment: null,
    data,
    params: null,
    seed: null,
    model: spec?.model ?? null,
    columns: spec?.data.columns ?? [],
    metrics: null,
    evaluation: null,
    explanation: null,
    ...known,
    comparison,
    profiles,
    gates: gates.map(({ evidence: _, ...gate }) => gate),
    limits: [
      `It was trained elsewhere, and nobody here knows its ${NEVER_KNOWN.join(', ')}: it cannot be made again${data === null ? '' : ', and that it had not seen what it is measured on is the word of whoever imported it'}.`,
      ...missingReasons(parts),
      ...(spec === null ? [] : limits(spec, known)),
    ],
  };
}

/** What follows from the declaration and the evaluation for whoever uses the model. */
function limits(
  { model, data, evaluation }: ProjectSpec,
  known: { readonly metrics: EvaluationMetrics; readonly explanation: Explanation } | null,
): string[] {
  return [
    `It says nothing in the first ${model.calibration.rows} rows of a device: they calibrate it. A device without calibration gets no score.`,
    `A window with a missing, NaN or infinite reading in any of its ${model.window} rows is invalid: it is not scored, and never counts as healthy. The gate invalid-input says what the graph itself does with one.`,
    `Readings are expected within the ranges of the ${data.columns.length} columns below; the monitor reports readings outside them.`,
    ...(known === null ? [] : [measuredOn(known.metrics)]),
    ...(evaluation.costs === undefined
      ? ['The project declares no costs: the cost per device-day counts wrong decisions.']
      : []),
    ...(known?.explanation.importance.length === 0
      ? ['It is too wide for the time that permutation importance may take: none was computed.']
      : []),
  ];
}

function measuredOn({ confusion, groups, rows }: EvaluationMetrics): string {
  const share = ((100 * (confusion.tp + confusion.fn)) / Math.max(1, rows)).toFixed(1);
  return `It was measured on ${groups} devices of which ${share} % of the windows are anomalous. Where anomalies are rarer, more of its alarms are false; rates and costs below hold for this share.`;
}

const OPENING = '<script type="application/json" id="model-card">';
const CLOSING = '</script>';

/** The card as an element of its page that programs read and browsers do not show. */
export function embedCard(card: ModelCard): string {
  return `${OPENING}${JSON.stringify(card).replaceAll('<', '\\u003c')}${CLOSING}`;
}

/** The card inside a page; undefined when the page holds none, such as an older markdown card. */
export function cardOfPage(page: string): ModelCard | undefined {
  const start = page.indexOf(OPENING);
  if (start === -1) return undefined;
  const end = page.indexOf(CLOSING, start);
  return JSON.parse(page.slice(start + OPENING.length, end)) as ModelCard;
}
