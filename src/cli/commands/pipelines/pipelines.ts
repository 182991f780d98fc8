import type { Command } from 'commander';
import { findPipeline } from '../../../application/find-pipeline.ts';
import type { ArtefactStore } from '../../../ports/artefact-store.ts';
import type { PipelineVersion } from '../../../contracts/build/pipeline-version.ts';
import type { Cli } from '../../cli.ts';
import { comparePipelines, type PipelineWithFiles } from './compare-pipelines.ts';
import { withRegistry } from '../../shared/with-registry.ts';
import { diffText, listText, pipelineSummary, showText } from './pipeline-view.ts';

/** A version with the files of its source bundle. */
async function withFiles(artefacts: ArtefactStore, pipeline: PipelineVersion): Promise<PipelineWithFiles> {
  const { readBundle } = await import('../../../adapters/git/source-bundle.ts');
  return { pipeline, files: await readBundle(await artefacts.read(pipeline.source.bundle.digest)) };
}

/** `windlass pipelines list|show|diff`. */
export function register(program: Command, cli: Cli): void {
  const pipelines = program.command('pipelines').description('published pipelines: what retraining runs');

  pipelines
    .command('list')
    .description('published versions, newest first')
    .argument('[name]', 'only versions of this pipeline, e.g. pump-health')
    .addHelpText(
      'after',
      '\nExamples:\n  $ windlass pipelines list\n  $ windlass pipelines list pump-health --json\n',
    )
    .action((name: string | undefined) =>
      withRegistry(cli, 'pipelines list', async ({ registry }) => {
        const found = (await registry.pipelines(name)).map(pipelineSummary);
        cli.output.result(found, () => listText(found));
      }),
    );

  pipelines
    .command('show')
    .description('one version: commit, environment, training, checks')
    .argument('<pipeline>', 'name or name@version; a name alone means its latest')
    .addHelpText(
      'after',
      '\nExamples:\n  $ windlass pipelines show pump-health\n  $ windlass pipelines show pump-health@3 --json\n',
    )
    .action((reference: string) =>
      withRegistry(cli, 'pipelines show', async ({ registry }) => {
        const found = await findPipeline(registry, reference);
        cli.output.result(found, () => showText(found, cli.output.colors));
      }),
    );

  pipelines
    .command('diff')
    .description('what differs between two versions: commit, windlass.yaml, packages, files with their lines')
    .argument('<from>', 'name@version')
    .argument('<to>', 'name@version; a name alone means its latest')
    .addHelpText(
      'after',
      '\nExamples:\n  $ windlass pipelines diff pump-health@2 pump-health@3\n  $ windlass pipelines diff pump-health@1 pump-health --json\n',
    )
    .action((from: string, to: string) =>
      withRegistry(cli, 'pipelines diff', async ({ registry, artefacts }) => {
        const [before, after] = [await findPipeline(registry, from), await findPipeline(registry, to)];
        const diff = comparePipelines(await withFiles(artefacts, before), await withFiles(artefacts, after));
        cli.output.result(diff, () => diffText(diff, cli.output.colors));
      }),
    );
}
