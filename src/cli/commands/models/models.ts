import type { Command } from 'commander';
import type { Cli } from '../../cli.ts';
import { registerAliases } from './alias-commands.ts';
import { registerCard } from './card-command.ts';
import { lineageOf, lineageText } from './lineage-view.ts';
import { registerImport } from './import-command.ts';
import { registerList } from './list-command.ts';
import { showText } from './model-view.ts';
import { registerPacks } from './pack-commands.ts';
import { findRecord } from '../../../application/find-model.ts';
import { registerReviews } from './review-commands.ts';
import { registerTag } from './tag-command.ts';
import { withRegistry } from '../../shared/with-registry.ts';

function registerShow(models: Command, cli: Cli): void {
  models
    .command('show')
    .description('one version with metrics, gates, comparison and artefacts')
    .argument('<model>', 'name, name@version or name@alias; a name alone means its champion')
    .addHelpText(
      'after',
      `
Examples:
  $ windlass models show pump-health@3
  $ windlass models show pump-health@champion --json
`,
    )
    .action(async (reference: string) => {
      await withRegistry(cli, 'models show', async ({ registry }) => {
        const model = await findRecord(registry, reference);
        const image = (await registry.image(model.name, model.version)) ?? null;
        const { name, version } = model;
        const tags = await registry.tags(name, version);
        const reviews = await registry.reviews(name, version);
        cli.output.result({ ...model, image, tags, reviews }, () =>
          showText({ ...model, tags, reviews }, image, cli.output.colors),
        );
      });
    });
}

function registerLineage(models: Command, cli: Cli): void {
  models
    .command('lineage')
    .description('from a version, or from a device, back to commit and data and forward to the devices')
    .argument('[model]', 'name, name@version or name@alias; a name alone means its champion')
    .option('--device <id>', 'start from what this device runs now')
    .addHelpText(
      'after',
      `
Examples:
  $ windlass models lineage pump-health@3
  $ windlass models lineage --device pump-001       what runs on this pump, since when, and why?
  $ windlass models lineage pump-health@champion --json
`,
    )
    .action(async (reference: string | undefined, { device }: { device?: string }) => {
      await withRegistry(cli, 'models lineage', async ({ registry }) => {
        const lineage = await lineageOf(registry, { reference, device });
        cli.output.result(lineage, () => lineageText(lineage));
      });
    });
}

/** `windlass models …`. */
export function register(program: Command, cli: Cli): void {
  const models = program.command('models').description('versions: what there is, and where it comes from');
  registerList(models, cli);
  registerShow(models, cli);
  registerImport(models, cli);
  registerLineage(models, cli);
  registerCard(models, cli);
  registerAliases(models, cli);
  registerReviews(models, cli);
  registerTag(models, cli);
  registerPacks(models, cli);
}
