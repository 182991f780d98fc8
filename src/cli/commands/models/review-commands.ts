import type { Command } from 'commander';
import { ALIASES } from '../../../contracts/names.ts';
import { promotionRefusal } from '../../../domain/registry/promotion.ts';
import type { Actor } from '../../../contracts/audit.ts';
import type { ModelStanding } from '../../../contracts/model/model-version.ts';
import type { Registry } from '../../../ports/registry/registry.ts';
import type { Cli } from '../../cli.ts';
import { actorOf, byOptions, withRegistry } from '../../shared/with-registry.ts';
import type { ByOptions } from '../../shared/with-registry.ts';
import { findStanding } from '../../../application/find-model.ts';

interface Change {
  readonly name: string;
  readonly description: string;
  readonly example: string;
  readonly change: (registry: Registry, model: ModelStanding, by: Actor) => Promise<unknown>;
}

const CHANGES: readonly Change[] = [
  {
    name: 'approve',
    description: 'say yes to a version; the project says how many it needs, and its author does not count',
    example: 'windlass models approve pump-health@3 --reason "false alarms halved at site north"',
    change: (registry, { name, version }, by) =>
      registry.reviewModel({ name, version, decision: 'approve' }, by),
  },
  {
    name: 'reject',
    description: 'say no to a version, or take an approval back',
    example: 'windlass models reject pump-health@3 --reason "trained on the wrong units"',
    change: (registry, { name, version }, by) =>
      registry.reviewModel({ name, version, decision: 'reject' }, by),
  },
  {
    name: 'promote',
    description: 'make a version champion, if gates, comparison and approvals allow it',
    example: 'windlass models promote pump-health@3 --reason "rolled out by hand at site south"',
    change: (registry, { name, version }, by) =>
      registry.setAlias({ name, version, alias: ALIASES.champion }, by),
  },
  {
    name: 'retire',
    description: 'take a version out of use; retention may delete it later',
    example: 'windlass models retire pump-health@1 --reason "superseded"',
    change: (registry, { name, version }, by) => registry.changeState({ name, version, to: 'retired' }, by),
  },
  {
    name: 'archive',
    description: 'take a version out of use and keep its bytes for good',
    example: 'windlass models archive pump-health@1 --reason "evidence for the audit of 2026"',
    change: (registry, { name, version }, by) => registry.changeState({ name, version, to: 'archived' }, by),
  },
  {
    name: 'restore',
    description: 'take a retired or archived version back into use',
    example: 'windlass models restore pump-health@1 --reason "retired by mistake"',
    change: (registry, { name, version }, by) =>
      registry.changeState({ name, version, to: 'registered' }, by),
  },
];

/** What is left to be done before the version may be champion. */
async function standing(registry: Registry, { name, version }: ModelStanding) {
  const gates = await registry.promotionGates(name, version, ALIASES.champion);
  return { reviews: await registry.reviews(name, version), missing: promotionRefusal(gates)?.why ?? null };
}

function registerChange(models: Command, cli: Cli, { name, description, example, change }: Change): void {
  const command = models
    .command(name)
    .description(description)
    .argument('<model>', 'name@version or name@alias, e.g. pump-health@3');
  byOptions(command)
    .addHelpText('after', `\nExample:\n  $ ${example}\n`)
    .action(async (reference: string, options: ByOptions) => {
      const by = actorOf(options);
      await withRegistry(cli, `models ${name}`, async ({ registry }) => {
        const before = await findStanding(registry, reference);
        await change(registry, before, by);
        const after = await findStanding(registry, `${before.name}@${before.version}`);
        const { state, aliases, version } = after;
        const { reviews, missing } = await standing(registry, after);
        cli.output.result({ name: after.name, version, state, aliases, reviews, missing }, () =>
          [
            `${after.name}@${version} is ${state}${aliases.length === 0 ? '' : `, ${aliases.join(', ')}`}.`,
            ...(missing === null || name === 'retire' || name === 'archive'
              ? []
              : [`It may not be champion: ${missing}.`]),
          ].join('\n'),
        );
      });
    });
}

/** `windlass models approve|reject|promote|retire|archive|restore`. */
export function registerReviews(models: Command, cli: Cli): void {
  for (const change of CHANGES) registerChange(models, cli, change);
}
