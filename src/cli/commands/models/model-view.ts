import type { Output } from '../../shared/output.ts';
import { table } from '../../shared/output.ts';
import type { PackagedImage } from '../../../contracts/packaging/image.ts';
import type { EvaluationMetrics } from '../../../contracts/build/evaluation.ts';
import type { ModelSummary } from '../../../contracts/model/model-summary.ts';
import type { Review } from '../../../contracts/model/review.ts';
import type { ModelRecord } from '../../../contracts/model/model-version.ts';
import { describeGate } from '../../../domain/gates/format.ts';
import { minute } from '../../shared/words.ts';
import { percent } from '../../../base/percent.ts';
import { comparisonLines } from './comparison-view.ts';

export const shortDigest = (digest: string): string => digest.slice(0, 19);

/** Versions as a table for people. */
export function listText(models: readonly ModelSummary[]): string {
  if (models.length === 0) return 'No model version is registered. `windlass train` makes the first.';
  return table(
    ['MODEL', 'ALIASES', 'F1', 'FALSE', 'MISSED', 'STATE', 'CREATED', 'DIGEST'],
    models.map(({ name, version, aliases, metrics: m, state, createdAt, digest }) => [
      `${name}@${version}`,
      aliases.join(', '),
      ...(m === null
        ? ['–', '–', '–']
        : [m.f1.toFixed(3), percent(m.falseAlarmRate), percent(m.missedAlarmRate)]),
      state,
      minute(createdAt),
      shortDigest(digest),
    ]),
  );
}

interface ShownVersion extends ModelRecord {
  readonly tags: Readonly<Record<string, string>>;
  readonly reviews: readonly Review[];
}

function measuredText(m: EvaluationMetrics): string {
  return `F1 ${m.f1.toFixed(3)} (always-alarm ${m.alwaysAlarmF1.toFixed(3)}), false alarms ${percent(m.falseAlarmRate)}, missed ${percent(m.missedAlarmRate)}, AUC ${m.auc.toFixed(3)}, ${m.rows} windows of ${m.groups} groups`;
}

function originLines({ origin, importedFile, missing }: ShownVersion): string[] {
  if (origin !== 'imported') return [];
  return [
    `  imported    from ${importedFile ?? '?'}: trained elsewhere`,
    `  not known   ${(missing ?? []).join(', ')}`,
  ];
}

/** One version with what it was judged by. */
export function showText(model: ShownVersion, image: PackagedImage | null, colors: Output['colors']): string {
  const { metrics: m, comparison, gates, aliases } = model;
  const tags = Object.entries(model.tags).map(([key, value]) => `${key}=${value}`);
  const mark = {
    pass: colors.green('✓'),
    warn: colors.yellow('!'),
    fail: colors.red('✗'),
    insufficient: colors.yellow('?'),
  };
  return [
    `${colors.bold(`${model.name}@${model.version}`)}${aliases.length === 0 ? '' : `  (${aliases.join(', ')})`}  ${model.state}`,
    `  digest      ${model.digest}`,
    `  created     ${minute(model.createdAt)} by ${model.createdBy}`,
    ...originLines(model),
    `  pipeline    ${model.pipeline === null ? 'none' : `${model.pipeline.name}@${model.pipeline.version}`}${model.origin === 'imported' ? '' : `, seed ${model.seed}`}`,
    `  data        ${model.data === null ? 'none' : `${shortDigest(model.data.digest)}: ${model.data.files} files, ${model.data.rows} rows from ${model.data.source}`}`,
    `  run         ${model.run.workflowId}`,
    `  image       ${image === null ? 'not packaged yet' : image.reference}`,
    `  metrics     ${m === null ? 'not measured' : measuredText(m)}`,
    `  comparison  ${comparison.verdict}: ${comparison.reason}`,
    ...comparisonLines(comparison),
    ...(tags.length === 0 ? [] : [`  tags        ${tags.join(', ')}`]),
    ...model.reviews.map((r) => `  ${r.decision.padEnd(11)} ${r.actor}, ${minute(r.at)}: ${r.reason}`),
    '  gates',
    ...gates.map((gate) => `    ${mark[gate.status]} ${describeGate(gate)}`),
  ].join('\n');
}
