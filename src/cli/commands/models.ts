import type { Command } from 'commander';
import type { Cli } from '../cli.ts';
import type { Registry } from '../../ports/registry.ts';
import { lineageOf, lineageText } from '../models/lineage-view.ts';
import { listText, showText } from '../models/model-view.ts';
import { findModel } from '../models/references.ts';
import { modelSummary } from '../../contracts/model-summary.ts';

/** Runs work on the registry of the running system (or of one whose database is started for it). */
async function withRegistry(cli: Cli, work: (registry: Registry) => Promise<void>): Promise<void> {
  const { values } = await cli.config();
  const system = await cli.system(values, { needs: ['database'], command: 'models' });
  const { openRegistry } = await import('../../services/open-registry.ts');
  const { registry, close } = await openRegistry(system.config);
  try {
    await work(registry);
  } finally {
    await close();
  }
}

interface ListOptions {
  readonly alias?: string;
  readonly data?: string;
  readonly limit: number;
}

function registerList(models: Command, cli: Cli): void {
  models
    .command('list')
    .description('model versions, newest first')
    .argument('[name]', 'only versions of this model, e.g. pump-health')
    .option('--alias <alias>', 'only the versions that this alias points at, e.g. champion')
    .option('--data <digest>', 'only versions trained on this data set, or on a file with this sha256')
    .option('--limit <n>', 'at most this many', Number, 100)
    .addHelpText(
      'after',
      `
Examples:
  $ windlass models list
  $ windlass models list --alias champion --json
  $ windlass models list --data sha256:0f3a…        which models saw these data?
`,
    )
    .action(async (name: string | undefined, { alias, data, limit }: ListOptions) => {
      await withRegistry(cli, async (registry) => {
        const found = await registry.models({ name, alias, data, limit });
        cli.output.result(found.map(modelSummary), () => listText(found));
      });
    });
}

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
      await withRegistry(cli, async (registry) => {
        const model = await findModel(registry, reference);
        const image = (await registry.image(model.name, model.version)) ?? null;
        cli.output.result({ ...model, image }, () => showText(model, image, cli.output.colors));
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
      await withRegistry(cli, async (registry) => {
        const lineage = await lineageOf(registry, { reference, device });
        cli.output.result(lineage, () => lineageText(lineage));
      });
    });
}

/** `windlass models list|show|lineage`. */
export function register(program: Command, cli: Cli): void {
  const models = program.command('models').description('versions: what there is, and where it comes from');
  registerList(models, cli);
  registerShow(models, cli);
  registerLineage(models, cli);
}
