import type { Command } from 'commander';
import type { Cli } from '../cli.ts';
import { table } from '../shared/output.ts';

/** Longer values are cut in the table; --json gives them whole. */
const LONGEST_CELL = 80;

/** `windlass config show`: every setting with its value and origin. */
export function register(program: Command, cli: Cli): void {
  const config = program.command('config').description('show each setting and where it comes from');
  config
    .command('show')
    .description('every setting with its value, its origin and its environment variable; secrets are masked')
    .addHelpText(
      'after',
      `
Precedence: flag (--set NAME=VALUE) > environment > windlass.config.yaml > default.

Examples:
  $ windlass config show
  $ WINDLASS_API_PORT=9000 windlass config show --json
`,
    )
    .action(async () => {
      const loaded = await cli.config();
      const { settingText, showConfig } = await import('../../config/load-config.ts');
      const settings = showConfig(loaded);
      const short = (text: string): string =>
        text.length > LONGEST_CELL ? `${text.slice(0, LONGEST_CELL - 1)}…` : text;
      const text = (value: unknown): string => (value === null ? '-' : short(settingText(value)));
      cli.output.result({ file: loaded.file ?? null, settings }, () =>
        table(
          ['SETTING', 'VALUE', 'ORIGIN', 'ENVIRONMENT'],
          settings.map((s) => [s.key, text(s.value), s.origin, s.env]),
        ),
      );
    });
}
