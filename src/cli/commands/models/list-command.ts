import type { Command } from 'commander';
import { modelSearchSchema } from '../../../contracts/model/model-search.ts';
import { MODEL_STATES } from '../../../contracts/model/model-state.ts';
import { parseInput } from '../../../errors/parse-input.ts';
import type { Cli } from '../../cli.ts';
import { withRegistry } from '../../shared/with-registry.ts';
import { listText } from './model-view.ts';

/** `windlass models list`. */
export function registerList(models: Command, cli: Cli): void {
  const collect = (value: string, all: string[] = []): string[] => [...all, value];
  models
    .command('list')
    .description('model versions, newest first; every condition must hold')
    .argument('[name]', 'only versions of this model, e.g. pump-health')
    .option('--alias <alias>', 'only the versions that this alias points at, e.g. champion')
    .option('--data <digest>', 'only versions trained on this data set, or on a file with this sha256')
    .option('--digest <digest>', 'only versions whose model file has this sha256, or one that begins so')
    .option('--metric <condition>', "e.g. 'f1>=0.9' or 'confusion.fn<10'; repeat for more", collect)
    .option('--tag <key=value>', 'only versions with this tag; repeat for more', collect)
    .option('--state <state>', MODEL_STATES.join(', '))
    .option('--since <time>', 'registered at or after this time')
    .option('--until <time>', 'registered at or before this time')
    .option('--text <words>', 'words of name, author, parameters, data source, tags or comparison')
    .option('--limit <n>', 'at most this many', Number, 100)
    .addHelpText(
      'after',
      `
Examples:
  $ windlass models list
  $ windlass models list --alias champion --json
  $ windlass models list pump-health --metric 'f1>=0.9' --metric 'falseAlarmRate<0.05'
  $ windlass models list --tag site=north --since 2026-01-01
  $ windlass models list --data sha256:0f3a…        which models saw these data?
`,
    )
    .action(async (name: string | undefined, options: Record<string, unknown>) => {
      const search = parseInput(
        modelSearchSchema,
        { ...options, name },
        { what: 'The search', example: { metric: 'f1>=0.9', tag: 'site=north' }, lines: true },
      );
      await withRegistry(cli, 'models list', async ({ registry }) => {
        const found = await registry.search(search);
        cli.output.result(found, () => listText(found));
      });
    });
}
