import type { Comparison, DataRef, EvaluationMetrics, SourceRef } from '../contracts/build.ts';
import type { EvaluationReport } from '../contracts/evaluation.ts';
import type { Explanation } from '../contracts/explanation.ts';
import type { GateResult } from '../contracts/gate.ts';
import type { ModelCard } from '../contracts/model-card.ts';
import type { ProjectSpec } from '../contracts/project.ts';
import type { SearchResult } from '../contracts/search.ts';

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
    ...{ name: spec.name, description: spec.description, digest, pipeline, environment, data, params, seed },
    source: { repository, subfolder, commit, ref, dirty },
    model: spec.model,
    columns: spec.data.columns,
    ...{ metrics, evaluation, explanation, comparison },
    ...(content.search === undefined ? {} : { search: content.search }),
    gates: gates.map(({ evidence: _, ...gate }) => gate),
    limits: limits(spec, { metrics, explanation }),
  };
}

/** What follows from the declaration and the evaluation for whoever uses the model. */
function limits(
  { model, data, evaluation }: ProjectSpec,
  { metrics, explanation }: Pick<ModelCard, 'metrics' | 'explanation'>,
): string[] {
  const anomalous = metrics.confusion.tp + metrics.confusion.fn;
  return [
    `It says nothing in the first ${model.calibration.rows} rows of a device: they calibrate it. A device without calibration gets no score.`,
    `A window with a missing, NaN or infinite reading in any of its ${model.window} rows is invalid: it is not scored, and never counts as healthy. The gate invalid-input says what the graph itself does with one.`,
    `Readings are expected within the ranges of the ${data.columns.length} columns below; the monitor reports readings outside them.`,
    `It was measured on ${metrics.groups} devices of which ${((100 * anomalous) / Math.max(1, metrics.rows)).toFixed(1)} % of the windows are anomalous. Where anomalies are rarer, more of its alarms are false; rates and costs below hold for this share.`,
    ...(evaluation.costs === undefined
      ? ['The project declares no costs: the cost per device-day counts wrong decisions.']
      : []),
    ...(explanation.importance.length === 0
      ? ['It is too wide for the time that permutation importance may take: none was computed.']
      : []),
  ];
}

const OPENING = '<script type="application/json" id="model-card">';
const CLOSING = '</script>';

/** The card as an element of its page that programs read and browsers do not show. */
export function embedCard(card: ModelCard): string {
  return `${OPENING}${JSON.stringify(card).replaceAll('<', '\\u003c')}${CLOSING}`;
}

/** The card in a page; undefined when the page is none, such as the markdown that cards were before. */
export function cardOfPage(page: string): ModelCard | undefined {
  const start = page.indexOf(OPENING);
  if (start === -1) return undefined;
  const end = page.indexOf(CLOSING, start);
  return JSON.parse(page.slice(start + OPENING.length, end)) as ModelCard;
}
