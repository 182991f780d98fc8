import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { ModelCard } from '../../../contracts/model/model-card.ts';
import { cardOfPage } from '../../../domain/registry/model-card.ts';
import { WindlassError } from '../../../errors/windlass-error.ts';
import type { ModelRecord } from '../../../contracts/model/model-version.ts';
import type { OpenRegistry } from '../../../composition/open-registry.ts';
import type { Cli } from '../../cli.ts';
import { table } from '../../shared/output.ts';
import { withRegistry } from '../../shared/with-registry.ts';
import { percent } from '../../../base/percent.ts';
import { comparisonLines } from './comparison-view.ts';
import { showOptimisation } from './optimisation-view.ts';
import { findRecord } from '../../../application/find-model.ts';
import { showSearch } from './search-view.ts';

async function readCard(
  { artefacts }: OpenRegistry,
  { name, version, card }: Pick<ModelRecord, 'name' | 'version' | 'card'>,
) {
  const page = card === null ? '' : (await artefacts.read(card.digest)).toString('utf8');
  const found = cardOfPage(page);
  if (found !== undefined) return { page, card: found };
  throw new WindlassError(
    'NOT_FOUND',
    `${name}@${version} has no card of this form: it was registered before there was one.`,
    { hint: `Train it again (\`windlass reproduce ${name}@${version}\` says how it was made).` },
  );
}

/** The card in short: what it is worth, where, and what it looks at. */
function cardText(card: ModelCard): string {
  const { source, imported, comparison } = card;
  return [
    `${card.name}  ${card.digest}`,
    ...(card.description === '' ? [] : [`  ${card.description}`]),
    ...(source === null ? [] : [`  commit      ${source.commit} of ${source.repository}`]),
    ...(imported === undefined ? [] : [`  imported    ${imported.file}`]),
    ...measuredLines(card),
    `  compared    ${comparison.verdict}: ${comparison.reason}`,
    ...explainedLines(card),
    ...costLines(card),
    ...(card.search === undefined ? [] : showSearch(card.search)),
    ...card.limits.map((limit) => `  limit       ${limit}`),
  ].join('\n');
}

function measuredLines({ metrics: m, evaluation, comparison }: ModelCard): string[] {
  if (m === null || evaluation === null) return [];
  return [
    `  measured    F1 ${m.f1.toFixed(4)}, AUC ${m.auc.toFixed(4)}, Brier ${m.brier?.toFixed(4) ?? '–'}, calibration error ${m.ece?.toFixed(4) ?? '–'}; ${m.rows} windows of ${m.groups} groups`,
    ...comparisonLines({ ...comparison, rules: evaluation.rules }),
  ];
}

function explainedLines({ evaluation, explanation }: ModelCard): string[] {
  if (evaluation === null || explanation === null) return [];
  const importance = explanation.importance.toSorted((a, b) => b.loss - a.loss).slice(0, 5);
  return [
    ...evaluation.slices.map(
      (s) =>
        `  slice       ${s.slice} = ${s.value}: ${s.status}${s.f1 === null ? '' : `, F1 ${s.f1.value.toFixed(4)}`}, ${s.rows} windows of ${s.groups} groups`,
    ),
    table(
      ['COLUMN', 'F1 LOST WHEN EXCHANGED', '95 % INTERVAL'],
      importance.map(({ column, loss, interval }) => [
        column,
        loss.toFixed(4),
        interval === null ? 'too few groups' : `${interval[0].toFixed(4)} to ${interval[1].toFixed(4)}`,
      ]),
    ),
    ...explanation.alerts.map((a) => {
      const [top] = a.contributions.toSorted((x, y) => Math.abs(y.value) - Math.abs(x.value));
      const most = top === undefined ? '' : `, most by ${top.column} (${percent(top.value)})`;
      return `  alert       ${a.group} row ${a.row}: ${percent(a.score)} instead of ${percent(a.base)}${most}`;
    }),
  ];
}

/** What running the model costs; with other forms that were tried the table of all. */
function costLines({ profiles = [], optimisation }: ModelCard): string[] {
  if (optimisation !== undefined) return showOptimisation(optimisation);
  return profiles.map(
    ({ machine, latency, rowsPerSecond, startMs, memory }) =>
      `  costs       on ${machine.platform} (${machine.processor}) ${latency.p50.toFixed(3)} ms a row, p99 ${latency.p99.toFixed(3)} ms, ${rowsPerSecond} rows/s in batches, ready after ${startMs.toFixed(0)} ms, ${memory.sessionMb} MB`,
  );
}

/** `windlass models card`. */
export function registerCard(models: Command, cli: Cli): void {
  models
    .command('card')
    .description(
      'the model card: lineage, gates, slices, calibration, importance, alerts, cost of running it, limits',
    )
    .argument('<model>', 'name, name@version or name@alias; a name alone means its champion')
    .option('--html <file>', 'write the page with its charts to this file; it needs nothing else')
    .addHelpText(
      'after',
      `
Examples:
  $ windlass models card pump-health@3
  $ windlass models card pump-health@champion --html card.html
  $ windlass models card pump-health@3 --json > card.json
`,
    )
    .action(async (reference: string, options: { html?: string }) => {
      await withRegistry(cli, 'models card', async (open) => {
        const { page, card } = await readCard(open, await findRecord(open.registry, reference));
        if (options.html === undefined) return cli.output.result(card, () => cardText(card));
        const file = resolve(options.html);
        await writeFile(file, page);
        cli.output.result({ file }, () => `wrote ${file}`);
      });
    });
}
