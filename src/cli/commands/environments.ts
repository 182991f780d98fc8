import type { Command } from 'commander';
import type { StoredEnvironment } from '../../adapters/python/collect-environments.ts';
import { WindlassError } from '../../errors/windlass-error.ts';
import type { Cli } from '../cli.ts';
import { table } from '../shared/output.ts';
import { minute } from '../shared/words.ts';

const UNITS = { h: 3_600_000, d: 86_400_000 } as const;

/** Milliseconds of a duration such as "30d" or "12h"; throws INPUT_INVALID. */
function duration(text: string): number {
  const [, number, unit] = /^(\d+)([hd])$/.exec(text) ?? [];
  if (number !== undefined && (unit === 'h' || unit === 'd')) return Number(number) * UNITS[unit];
  throw new WindlassError(
    'INPUT_INVALID',
    `--unused-for ${text} is not a duration: expected e.g. 30d or 12h.`,
  );
}

const megabytes = (bytes: number): string => `${Math.round(bytes / 1e6)} MB`;

function listText(environments: readonly StoredEnvironment[]): string {
  if (environments.length === 0) return 'There are no environments on this machine.';
  return table(
    ['ENVIRONMENT', 'KIND', 'PYTHON', 'SIZE', 'BUILT', 'LAST USED'],
    environments.map(({ id, kind, python, bytes, builtAt, lastUsed, inUse }) => [
      ...[id.slice(0, 12), kind, python, megabytes(bytes), minute(builtAt)],
      `${minute(lastUsed)}${inUse ? ' (in use)' : ''}`,
    ]),
  );
}

/** `windlass environments list|prune`: environments of training projects on this machine. */
export function register(program: Command, cli: Cli): void {
  const environments = program
    .command('environments')
    .description('environments of training projects on this machine');
  const root = async (): Promise<string> => (await cli.config()).values.training.environmentsDir;

  environments
    .command('list')
    .description('each environment with its size and when it was last used')
    .addHelpText(
      'after',
      '\nExamples:\n  $ windlass environments list\n  $ windlass environments list --json\n',
    )
    .action(async () => {
      const { listEnvironments } = await import('../../adapters/python/collect-environments.ts');
      const found = await listEnvironments(await root(), new Date());
      cli.output.result(found, () => listText(found));
    });

  environments
    .command('prune')
    .description('take away environments that nobody used for a while; one in use stays')
    .option('--unused-for <duration>', 'hours or days, e.g. 12h or 30d', '30d')
    .addHelpText(
      'after',
      `
A build that needs one again makes it anew from its lock file. Training workers do this by themselves when they start
(setting training.environmentDays).

Examples:
  $ windlass environments prune
  $ windlass environments prune --unused-for 12h --json
`,
    )
    .action(async ({ unusedFor }: { unusedFor: string }) => {
      const unusedForMs = duration(unusedFor);
      const { pruneEnvironments } = await import('../../adapters/python/collect-environments.ts');
      const gone = await pruneEnvironments(await root(), { unusedForMs, now: new Date() });
      const bytes = gone.reduce((sum, e) => sum + e.bytes, 0);
      cli.output.result({ pruned: gone, bytes }, () =>
        gone.length === 0
          ? `No environment was unused for ${unusedFor}.`
          : `${listText(gone)}\n\n${gone.length} environments taken away, ${megabytes(bytes)}.`,
      );
    });
}
