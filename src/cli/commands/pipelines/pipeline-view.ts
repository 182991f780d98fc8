import { describeGate } from '../../../domain/gates/format.ts';
import type { PipelineVersion } from '../../../contracts/build/pipeline-version.ts';
import { table, type Output } from '../../shared/output.ts';
import { minute } from '../../shared/words.ts';
import type { ChangedFile, PipelineDiff } from './compare-pipelines.ts';

const dirtyMark = (dirty: boolean): string => (dirty ? ', with uncommitted changes' : '');

/** What `pipelines list` tells of a version, also with --json. */
export function pipelineSummary({
  name,
  version,
  digest,
  source,
  environment,
  checks,
  createdAt,
}: PipelineVersion) {
  const { repository, subfolder, commit, ref, dirty } = source;
  const passed = checks.filter((c) => c.status === 'pass').length;
  return {
    name,
    version,
    digest,
    environment,
    createdAt,
    repository,
    subfolder,
    commit,
    ref,
    dirty,
    checks: { passed, of: checks.length },
  };
}
export type PipelineSummary = ReturnType<typeof pipelineSummary>;

export function listText(pipelines: readonly PipelineSummary[]): string {
  if (pipelines.length === 0)
    return 'No pipeline is published. `windlass train` publishes one once its checks pass.';
  return table(
    ['PIPELINE', 'COMMIT', 'REF', 'CHECKS', 'PUBLISHED', 'REPOSITORY'],
    pipelines.map((p) => [
      `${p.name}@${p.version}`,
      `${p.commit.slice(0, 12)}${p.dirty ? '+' : ''}`,
      p.ref.length > 24 ? `${p.ref.slice(0, 23)}…` : p.ref,
      `${p.checks.passed}/${p.checks.of}`,
      minute(p.createdAt),
      p.subfolder === '' ? p.repository : `${p.repository}#${p.subfolder}`,
    ]),
  );
}

export function showText(pipeline: PipelineVersion, colors: Output['colors']): string {
  const { name, version, digest, source, environment, spec, checks, createdAt } = pipeline;
  const marks = { pass: colors.green('✓'), warn: colors.yellow('!'), fail: colors.red('✗') };
  return [
    colors.bold(`${name}@${version}`),
    `  digest      ${digest}`,
    `  published   ${minute(createdAt)}`,
    `  commit      ${source.commit}${dirtyMark(source.dirty)}`,
    `  repository  ${source.repository}${source.subfolder === '' ? '' : `#${source.subfolder}`}`,
    `  bundle      ${source.bundle.digest}, ${Math.ceil(source.bundle.size / 1024)} KiB`,
    `  environment ${environment}`,
    `  train       ${spec.train.run}`,
    `  params      ${JSON.stringify(spec.train.params)}, seed ${spec.train.seed}`,
    '  checks',
    ...checks.map((c) => `    ${c.status === 'insufficient' ? '?' : marks[c.status]} ${describeGate(c)}`),
  ].join('\n');
}

function fileText({ path, change, diff, note }: ChangedFile, colors: Output['colors']): string[] {
  const mark = { added: colors.green('+'), removed: colors.red('-'), changed: colors.yellow('~') }[change];
  const head = `  ${mark} ${path}${note === undefined ? '' : ` (${note})`}`;
  if (diff === undefined) return [head];
  const lines = diff.trimEnd().split('\n').slice(2);
  const colour = (line: string): string =>
    line.startsWith('+') ? colors.green(line) : line.startsWith('-') ? colors.red(line) : line;
  return [head, ...lines.map((line) => `      ${colour(line)}`)];
}

const value = (x: unknown): string => (x === null ? '–' : typeof x === 'string' ? x : JSON.stringify(x));

/** What differs, for people: commits, specification, packages, files with their lines. */
export function diffText(diff: PipelineDiff, colors: Output['colors']): string {
  const { from, to, spec, packages, files } = diff;
  const head = (s: PipelineDiff['from']): string =>
    `${s.version}  commit ${s.commit.slice(0, 12)} of ${s.repository}, published ${minute(s.publishedAt)}`;
  if (diff.identical) return `${from.version} and ${to.version} are the same.`;
  const section = (title: string, lines: readonly string[]): string[] =>
    lines.length === 0 ? [] : ['', colors.bold(title), ...lines];
  return [
    `- ${head(from)}`,
    `+ ${head(to)}`,
    ...section(
      'windlass.yaml',
      spec.map((f) => `  ${f.field}: ${value(f.from)} → ${value(f.to)}`),
    ),
    ...section(
      'packages',
      packages.map((p) => `  ${p.name}: ${p.from ?? '–'} → ${p.to ?? '–'}`),
    ),
    ...section(
      'files',
      files.flatMap((f) => fileText(f, colors)),
    ),
  ].join('\n');
}
