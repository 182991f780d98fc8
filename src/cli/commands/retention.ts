import type { Command } from 'commander';
import type { RetentionRule } from '../../domain/registry/retention.ts';
import { WindlassError } from '../../errors/windlass-error.ts';
import type { RetentionPlan } from '../../ports/retention.ts';
import type { Cli } from '../cli.ts';
import { table } from '../shared/output.ts';
import { actorOf, byOptions, withRegistry } from '../shared/with-registry.ts';
import type { ByOptions } from '../shared/with-registry.ts';
import { megabytes } from '../shared/words.ts';

interface Options extends ByOptions {
  readonly keep: string;
  readonly olderThan: string;
  readonly model?: string;
}

const DAYS: Readonly<Record<string, number>> = { d: 1, w: 7, y: 365 };

function ruleOf({ keep, olderThan }: Options): RetentionRule {
  if (!/^\d{1,6}$/.test(keep))
    throw new WindlassError('INPUT_INVALID', `--keep ${keep} is not a number of versions.`);
  const [, count, unit = ''] = /^(\d{1,5})([dwy])$/.exec(olderThan) ?? [];
  const days = DAYS[unit];
  if (count === undefined || days === undefined)
    throw new WindlassError('INPUT_INVALID', `--older-than ${olderThan} is not an age.`, {
      hint: 'Write days, weeks or years, e.g. 90d, 12w or 2y.',
    });
  return { keep: Number(keep), olderThanDays: Number(count) * days };
}

function planText(plan: RetentionPlan, done: boolean): string {
  const { go, keep, overwritten, artefacts, bytes, steps } = plan;
  const rows = [
    ...go.map((v) => [`${v.name}@${v.version}`, done ? 'deleted' : 'goes', megabytes(v.bytes)]),
    ...(overwritten.artefacts === 0
      ? []
      : [
          [
            `${overwritten.artefacts} overwritten files of MLflow clients`,
            done ? 'deleted' : 'go',
            megabytes(overwritten.bytes),
          ],
        ]),
    ...keep.map((v) => [`${v.name}@${v.version}`, 'stays', v.reasons.join('; ')]),
  ];
  const what = `${go.length} versions, ${artefacts} artefacts, ${megabytes(bytes)}, ${steps} cached steps`;
  return [
    ...(rows.length === 0 ? [] : [table(['VERSION', '', 'SIZE OR REASON'], rows), '']),
    done ? `Deleted: ${what}.` : `Would be deleted: ${what}. \`windlass retention apply\` does it.`,
  ].join('\n');
}

function registerOne(retention: Command, cli: Cli, name: 'plan' | 'apply'): void {
  const command = retention
    .command(name)
    .description(
      name === 'plan'
        ? 'what would go, how many bytes that is, and why each other version stays'
        : 'delete the bytes; rows, lineage and audit trail of the versions stay',
    )
    .option('--keep <n>', 'newest versions of each model that stay', '10')
    .option('--older-than <age>', 'what is younger stays: days, weeks or years', '90d')
    .option('--model <name>', 'only versions of this model');
  byOptions(command)
    .addHelpText(
      'after',
      `
A version stays while an alias, a live rollout, a device or an approval that is still to come needs it, while a version
that stays was compared with it, and when it is archived. Files that MLflow clients overwrote or deleted that long ago go
too, unless --model names one model. Data sets and pipeline versions always stay.

Example:
  $ windlass retention ${name} --keep 20 --older-than 26w
`,
    )
    .action(async (options: Options) => {
      const rule = ruleOf(options);
      const { model } = options;
      const by = actorOf(options);
      await withRegistry(cli, `retention ${name}`, async ({ access, retention: service }) => {
        if (name === 'apply') await access.check(by.actor, { action: 'delete', project: model });
        const plan =
          name === 'apply' ? await service.apply({ rule, model }, by) : await service.plan(rule, model);
        cli.output.result(plan, () => planText(plan, name === 'apply'));
      });
    });
}

/** `windlass retention plan|apply`. */
export function register(program: Command, cli: Cli): void {
  const retention = program
    .command('retention')
    .description('delete the bytes of old versions and overwritten files that nothing needs');
  registerOne(retention, cli, 'plan');
  registerOne(retention, cli, 'apply');
}
