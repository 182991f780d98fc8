import type { Command } from 'commander';
import type { DataSet, DataSetFile } from '../../contracts/data/data-set.ts';
import { WindlassError } from '../../errors/windlass-error.ts';
import type { Cli } from '../cli.ts';
import { shortDigest } from './models/model-view.ts';
import { countOption } from '../shared/option-values.ts';
import { table } from '../shared/output.ts';
import { withRegistry } from '../shared/with-registry.ts';
import { minute } from '../shared/words.ts';

const FILES_SHOWN = 20;

const span = ({ from, to }: { readonly from?: string | null; readonly to?: string | null }): string =>
  typeof from === 'string' && typeof to === 'string' ? `${minute(from)} – ${minute(to)}` : '–';

function listText(sets: readonly DataSet[]): string {
  if (sets.length === 0) return 'No data set is known. `windlass train` takes the first snapshot.';
  return table(
    ['DIGEST', 'FILES', 'DEVICES', 'ROWS', 'SPAN', 'TAKEN', 'SOURCE'],
    sets.map((set) => [
      shortDigest(set.digest),
      String(set.files),
      String(set.devices ?? '–'),
      String(set.rows),
      span(set),
      minute(set.createdAt),
      set.source,
    ]),
  );
}

type Shown = DataSet & {
  readonly fileList: readonly DataSetFile[];
  readonly models: readonly string[];
};

function showText(set: Shown): string {
  const more = set.fileList.length - FILES_SHOWN;
  return [
    set.digest,
    `  source   ${set.source}`,
    `  taken    ${minute(set.createdAt)}`,
    `  rows     ${set.rows} in ${set.files} files of ${set.devices ?? '?'} devices`,
    `  span     ${span(set)}`,
    `  columns  ${set.columns.join(', ')}`,
    `  models   ${set.models.length === 0 ? 'none' : set.models.join(', ')}`,
    '',
    table(
      ['FILE', 'ROWS', 'SPAN', 'SHA256'],
      set.fileList
        .slice(0, FILES_SHOWN)
        .map((file) => [file.path, String(file.rows), span(file), file.sha256.slice(0, 12)]),
    ),
    ...(more > 0 ? [`and ${more} more; --json lists all`] : []),
  ].join('\n');
}

function registerList(data: Command, cli: Cli): void {
  data
    .command('list')
    .description('data sets that were taken, newest first')
    .option('--limit <n>', 'at most this many', '100')
    .addHelpText(
      'after',
      `
Examples:
  $ windlass data list
  $ windlass data list --limit 5 --json
`,
    )
    .action(async (options: { limit: string }) => {
      const limit = countOption('--limit', options.limit);
      await withRegistry(cli, 'data list', async ({ registry }) => {
        const sets = await registry.dataSets({ limit });
        cli.output.result(sets, () => listText(sets));
      });
    });
}

function registerShow(data: Command, cli: Cli): void {
  data
    .command('show')
    .description('one data set: its files with digest, rows and time span, and the models trained on it')
    .argument('<digest>', 'digest of the data set, or its first digits (six or more)')
    .addHelpText(
      'after',
      `
Examples:
  $ windlass data show sha256:0f3a9c
  $ windlass data show 0f3a9c --json
`,
    )
    .action(async (digest: string) => {
      await withRegistry(cli, 'data show', async ({ registry }) => {
        const set = await registry.dataSet(digest);
        if (set === undefined)
          throw new WindlassError('NOT_FOUND', `There is no data set ${digest}.`, {
            hint: '`windlass data list` shows what there is.',
          });
        const models = (await registry.models({ data: set.digest })).map((m) => `${m.name}@${m.version}`);
        const shown: Shown = { ...set, models };
        cli.output.result(shown, () => showText(shown));
      });
    });
}

/** `windlass data list|show`. */
export function register(program: Command, cli: Cli): void {
  const data = program.command('data').description('data sets: what was taken, when, and from where');
  registerList(data, cli);
  registerShow(data, cli);
}
