import { resolve } from 'node:path';
import type { Command } from 'commander';
import { ALIASES } from '../../../contracts/names.ts';
import { promotable } from '../../../domain/comparison/verdict.ts';
import { WindlassError } from '../../../errors/windlass-error.ts';
import type { ModelRegistration } from '../../../contracts/model/model-version.ts';
import type { Registry } from '../../../ports/registry/registry.ts';
import type { Cli } from '../../cli.ts';
import { actorOf, byOptions, withRegistry } from '../../shared/with-registry.ts';
import type { ByOptions } from '../../shared/with-registry.ts';
import { megabytes } from '../../shared/words.ts';
import { findModel } from '../../../application/find-model.ts';

/** A model that does not answer within this is not fit for a device. */
const TIMEOUT_MS = 120_000;

function registerExport(models: Command, cli: Cli): void {
  const command = models
    .command('export')
    .description('write a version as an OCI layout in ModelPack form')
    .argument('<model>', 'name@version or name@alias, e.g. pump-health@3')
    .argument('<dir>', 'folder of the layout; one that is there already gets the version added');
  byOptions(command)
    .addHelpText(
      'after',
      `
The layout holds model, folds, baseline, golden rows, card, log, source bundle and the list of the data files (not the
data), so that another Windlass can take the version in, and any OCI tool can copy it to a registry.

Example:
  $ windlass models export pump-health@3 packs/ --reason "for the plant at site south"
`,
    )
    .action(async (reference: string, folder: string, options: ByOptions) => {
      const by = actorOf(options);
      const dir = resolve(folder);
      await withRegistry(cli, 'models export', async ({ registry, access, artefacts }) => {
        const model = await findModel(registry, reference);
        const { name, version, state, pipeline } = model;
        await access.check(by.actor, { action: 'export', project: name });
        if (state === 'deleted')
          throw new WindlassError('NOT_FOUND', `Retention deleted the bytes of ${name}@${version}.`);
        const published = await registry.pipeline(pipeline.name, pipeline.version);
        if (published === undefined)
          throw new WindlassError('INTERNAL', `The pipeline ${pipeline.name}@${pipeline.version} is gone.`);
        const { exportModelPack } = await import('../../../adapters/oci/export-model-pack.ts');
        const pack = await exportModelPack({ artefacts, dir }, model, published);
        await registry.recordAudit({
          ...by,
          action: 'model.exported',
          subject: `model/${name}@${version}`,
          details: { ...pack },
        });
        cli.output.result({ name, version, dir, ...pack }, () =>
          [
            `${name}@${version} is in ${dir} as ${name}:${version}`,
            `  manifest ${pack.manifest}, ${pack.layers} layers, ${megabytes(pack.bytes)}`,
          ].join('\n'),
        );
      });
    });
}

/**
 * The comparison of an imported version here: with nothing. If it won elsewhere it may become the
 * first champion, but not replace one; if it lost, the loss counts here too.
 */
async function judgedHere(
  registry: Registry,
  { name, comparison }: Pick<ModelRegistration, 'name' | 'comparison'>,
): Promise<ModelRegistration['comparison']> {
  const champion = await registry.record(name, ALIASES.champion);
  const won = promotable(comparison.verdict);
  const there = `imported: it was compared elsewhere (${comparison.verdict})`;
  const here = champion === undefined ? '' : `, not with ${name}@${champion.version} here`;
  return {
    ...comparison,
    champion: null,
    verdict: !won ? comparison.verdict : champion === undefined ? 'NO_BASELINE' : 'INCONCLUSIVE',
    reason: `${there}${here}`,
  };
}

function registerImport(models: Command, cli: Cli): void {
  const command = models
    .command('import-pack')
    .description('register a version from an OCI layout that `models export` wrote')
    .argument('<dir>', 'folder of the layout')
    .option('--name <name:version>', 'which one, when the layout holds several, e.g. pump-health:3');
  byOptions(command)
    .addHelpText(
      'after',
      `
Every blob is checked against its digest, every part against the others, and the model by the gates of a build, before
anything is written. State, aliases and approvals stay behind: they are given anew here. Where this registry has a
champion, the version cannot be promoted by its comparison elsewhere.

Example:
  $ windlass models import-pack packs/ --name pump-health:3 --reason "from the test plant"
`,
    )
    .action(async (folder: string, options: ByOptions & { name?: string }) => {
      const by = actorOf(options);
      const { readModelPack } = await import('../../../adapters/oci/import-model-pack.ts');
      const { createOnnxModelRuntime } = await import('../../../adapters/onnx/onnx-model-runtime.ts');
      const { judgePack } = await import('./judge-pack.ts');
      const pack = await readModelPack(resolve(folder), options.name);
      await withRegistry(cli, 'models import-pack', async ({ registry, access, artefacts }) => {
        const { registration, pipeline, files, manifest } = pack;
        // An import may name the pipeline of another model, and publishes it here.
        for (const project of new Set([registration.name, pipeline.name]))
          await access.check(by.actor, { action: 'build', project });
        const models = createOnnxModelRuntime({ timeoutMs: TIMEOUT_MS });
        await judgePack(models, pack, {
          signal: cli.signal,
          report: (message) => cli.output.status(message),
        });
        const because = { actor: by.actor, reason: by.reason || `imported as ${pack.name}` };
        await pack.store(artefacts);
        await registry.recordData(registration.data, files);
        const published = await registry.publishPipeline(pipeline, because);
        const origin = { name: published.name, version: published.version };
        const known = await registry.search({
          name: registration.name,
          digest: registration.digest,
          limit: 100,
        });
        const model = await registry.registerModel(
          { ...registration, pipeline: origin, comparison: await judgedHere(registry, registration) },
          because,
        );
        const { name, version, digest, state } = model;
        const existed = known.some((line) => line.version === version);
        await registry.recordAudit({
          ...because,

          action: 'model.imported',
          subject: `model/${name}@${version}`,
          details: { manifest, existed },
        });
        cli.output.result({ name, version, digest, state, manifest, existed }, () =>
          [
            `${pack.name} is ${name}@${version} here${existed ? ', as it was before' : `, ${state}`}.`,
            ...(state === 'rejected' ? [`  ${model.comparison.reason}`] : []),
          ].join('\n'),
        );
      });
    });
}

/** `windlass models export` and `windlass models import-pack`. */
export function registerPacks(models: Command, cli: Cli): void {
  registerExport(models, cli);
  registerImport(models, cli);
}
