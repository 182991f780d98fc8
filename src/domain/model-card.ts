import type { Comparison, DataRef, EvaluationMetrics, SourceRef } from '../contracts/build.ts';
import type { GateResult } from '../contracts/gate.ts';
import type { ProjectSpec } from '../contracts/project.ts';

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
}

const percent = (value: number): string => `${(value * 100).toFixed(1)} %`;
const cell = (value: unknown): string =>
  String(value ?? '')
    .replaceAll('|', '\\|')
    .replaceAll(/\s+/g, ' ');

function calibrationText({ model: { calibration } }: ProjectSpec): string {
  if (calibration.fit === 'mean-std') return 'mean and spread over';
  const tensors = calibration.tensors.map(({ name, shape }) => `${name} [${shape.join(', ')}]`);
  return `${tensors.join(', ')}, fitted by "${calibration.run}" on`;
}

function row(...cells: readonly unknown[]): string {
  return `| ${cells.map(cell).join(' | ')} |`;
}

/** A model card (Mitchell et al. 2019) in markdown: what it is, what it was made from, how good it is and how that was measured. */
export function modelCard(c: ModelCardContent): string {
  const { spec, metrics: m, source } = c;
  return [
    `# ${spec.name}`,
    '',
    spec.description,
    '',
    '## Made from',
    '',
    row('what', 'which'),
    '|---|---|',
    row('model', c.digest),
    row('pipeline', `${c.pipeline.name}@${c.pipeline.version}`),
    row(
      'commit',
      `${source.commit}${source.dirty ? ' with uncommitted changes' : ''} (${source.repository}, ${source.subfolder || '.'})`,
    ),
    row('environment', c.environment),
    row('data', `${c.data.digest}: ${c.data.files} files, ${c.data.rows} rows (${c.data.source})`),
    row('parameters', JSON.stringify(c.params)),
    row('seed', c.seed),
    '',
    '## Input and output',
    '',
    `A window of ${spec.model.window} rows and the calibration of the pump (${calibrationText(spec)} its first ${spec.model.calibration.rows} rows); output ${spec.model.output}, alarm at ${spec.model.threshold} or more.`,
    '',
    row('column', 'unit', 'from', 'to'),
    '|---|---|---:|---:|',
    ...spec.data.columns.map((s) => row(s.name, s.unit, s.min, s.max)),
    '',
    '## Measured on groups that the scoring model had not seen',
    '',
    row('metric', 'value'),
    '|---|---:|',
    row('F1', m.f1.toFixed(4)),
    row('F1 of always raising the alarm', m.alwaysAlarmF1.toFixed(4)),
    row('false alarms', percent(m.falseAlarmRate)),
    row('missed alarms', percent(m.missedAlarmRate)),
    row('area under the ROC curve', m.auc.toFixed(4)),
    row('windows', m.rows),
    row('groups', m.groups),
    '',
    '## Against the champion',
    '',
    `${c.comparison.verdict}: ${c.comparison.reason}`,
    '',
    '## Gates',
    '',
    row('gate', 'status', 'observed', 'threshold', 'n', 'reason'),
    '|---|---|---|---|---:|---|',
    ...c.gates.map((g) => row(g.name, g.status, g.observed, g.threshold, g.n, g.reason)),
    '',
  ].join('\n');
}
