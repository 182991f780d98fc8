import type { Command } from 'commander';
import { ALIASES } from '../../../contracts/names.ts';
import { WindlassError } from '../../../errors/windlass-error.ts';
import type { AliasStretch } from '../../../contracts/model/review.ts';
import type { Cli } from '../../cli.ts';
import { timeOption } from '../../shared/option-values.ts';
import { table } from '../../shared/output.ts';
import { actorOf, byOptions, withRegistry } from '../../shared/with-registry.ts';
import type { ByOptions } from '../../shared/with-registry.ts';
import { minute } from '../../shared/words.ts';
import { findStanding } from '../../../application/find-model.ts';

function stretchesText(name: string, stretches: readonly AliasStretch[]): string {
  if (stretches.length === 0) return `No alias of ${name} has pointed at anything.`;
  return table(
    ['ALIAS', 'VERSION', 'SINCE', 'UNTIL', 'SET BY', 'APPROVED BY', 'WHY'],
    stretches.map(({ alias, version, since, until, by, approvals, reason }) => [
      ...[alias, `${name}@${version}`, minute(since), minute(until, 'now'), by],
      approvals.length === 0 ? '–' : approvals.map((a) => a.actor).join(', '),
      reason,
    ]),
  );
}

function registerSet(aliases: Command, cli: Cli): void {
  const command = aliases
    .command('set')
    .description('point an alias at a version, if the policy of the project allows it')
    .argument('<model>', 'name@version, e.g. pump-health@3')
    .argument('<alias>', 'e.g. champion, challenger, or a name of your own');
  byOptions(command)
    .addHelpText(
      'after',
      '\nExample:\n  $ windlass models alias set pump-health@3 staging --reason "try it"\n',
    )
    .action(async (reference: string, alias: string, options: ByOptions) => {
      const by = actorOf(options);
      await withRegistry(cli, 'models alias set', async ({ registry }) => {
        const { name, version } = await findStanding(registry, reference);
        await registry.setAlias({ name, alias, version }, by);
        const set = await registry.aliasAt(name, alias, new Date());
        cli.output.result({ name, ...set }, () => `${name}@${alias} is ${name}@${version}.`);
      });
    });
}

function registerRemove(aliases: Command, cli: Cli): void {
  const command = aliases
    .command('remove')
    .description('end an alias; its history stays')
    .argument('<model>', 'name, e.g. pump-health')
    .argument('<alias>', 'e.g. staging');
  byOptions(command)
    .addHelpText('after', '\nExample:\n  $ windlass models alias remove pump-health staging\n')
    .action(async (name: string, alias: string, options: ByOptions) => {
      const by = actorOf(options);
      await withRegistry(cli, 'models alias remove', async ({ registry }) => {
        await registry.removeAlias({ name, alias }, by);
        cli.output.result({ name, alias, version: null }, () => `${name}@${alias} points at nothing.`);
      });
    });
}

function registerHistory(aliases: Command, cli: Cli): void {
  aliases
    .command('history')
    .description('what aliases pointed at, since when, who made it so and who had approved')
    .argument('<model>', 'name, e.g. pump-health')
    .argument('[alias]', 'only this one, e.g. champion')
    .addHelpText('after', '\nExample:\n  $ windlass models alias history pump-health champion --json\n')
    .action(async (name: string, alias: string | undefined) => {
      await withRegistry(cli, 'models alias history', async ({ registry }) => {
        const stretches = await registry.aliasHistory(name, alias);
        cli.output.result(stretches, () => stretchesText(name, stretches));
      });
    });
}

function registerAt(models: Command, cli: Cli): void {
  models
    .command('at')
    .description('what was in production on a date, who made it so, and who had approved it')
    .argument('<model>', 'name, e.g. pump-health')
    .option('--date <time>', 'the date or time (default: now)')
    .option('--alias <alias>', 'another alias than champion', ALIASES.champion)
    .addHelpText('after', '\nExample:\n  $ windlass models at pump-health --date 2026-03-01\n')
    .action(async (name: string, options: { date?: string; alias: string }) => {
      const { date, alias } = options;
      const at = date === undefined ? new Date() : timeOption('--date', date);
      await withRegistry(cli, 'models at', async ({ registry }) => {
        const found = await registry.aliasAt(name, alias, at);
        if (found === undefined)
          throw new WindlassError(
            'NOT_FOUND',
            `${name}@${alias} pointed at no version at ${at.toISOString()}.`,
            {
              hint: `\`windlass models alias history ${name}\` shows when it did.`,
            },
          );
        cli.output.result({ name, at: at.toISOString(), ...found }, () => stretchesText(name, [found]));
      });
    });
}

/** `windlass models alias set|remove|history` and `windlass models at`. */
export function registerAliases(models: Command, cli: Cli): void {
  const aliases = models.command('alias').description('names that point at versions, now and before');
  registerSet(aliases, cli);
  registerRemove(aliases, cli);
  registerHistory(aliases, cli);
  registerAt(models, cli);
}
