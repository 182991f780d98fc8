import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { BUILD_STEPS } from '../../../contracts/build/build-steps.ts';
import type { BuildInput, BuildResult } from '../../../contracts/build/build.ts';
import { TASK_QUEUES, WORKFLOWS } from '../../../contracts/names.ts';
import { isGitUrl, withoutCredentials } from '../../../domain/git/address.ts';
import { asksToDeploy } from '../../../domain/registry/roles.ts';
import { parseReference } from '../../../domain/registry/reference.ts';
import { WindlassError } from '../../../errors/windlass-error.ts';
import type { ServiceName } from '../../../local-system/system-types.ts';
import type { Cli } from '../../cli.ts';
import { comparisonLines } from '../models/comparison-view.ts';
import { requireRole } from '../../../composition/open-registry.ts';
import { table } from '../../shared/output.ts';
import { detachOnSystem, runOnSystem } from '../../shared/run-workflow.ts';
import { showOptimisation } from '../models/optimisation-view.ts';
import { showSearch } from '../models/search-view.ts';
import { trainInput, type TrainOptions } from './train-input.ts';
import { byOptions } from '../../shared/with-registry.ts';
import { percent } from '../../../base/percent.ts';

const NEEDS: readonly ServiceName[] = ['database', 'temporal', 'worker'];
const QUEUES = [TASK_QUEUES.control, TASK_QUEUES.training] as const;

function show(result: BuildResult): string {
  const { model, pipeline, data, metrics: m, comparison, source, gates } = result;
  const aliases = model.aliases.length === 0 ? '' : ` (${model.aliases.join(', ')})`;
  const dirty = source.dirty ? ', with uncommitted changes' : '';
  return [
    `${model.name}@${model.version}${aliases}  ${model.digest}`,
    `  pipeline   ${pipeline.name}@${pipeline.version}, commit ${source.commit.slice(0, 12)}${dirty}`,
    `  data       ${data.digest.slice(0, 19)}: ${data.files} files, ${data.rows} rows`,
    `  measured   F1 ${m.f1.toFixed(4)} (always alarm ${m.alwaysAlarmF1.toFixed(4)}), false alarms ${percent(m.falseAlarmRate)}, missed ${percent(m.missedAlarmRate)}, AUC ${m.auc.toFixed(4)}`,
    `             on ${m.rows} windows of ${m.groups} groups that the scoring model had not seen`,
    `  compared   ${comparison.verdict}: ${comparison.reason}`,
    ...comparisonLines(comparison),
    ...(result.search === undefined ? [] : showSearch(result.search)),
    ...(result.optimisation === undefined ? [] : showOptimisation(result.optimisation)),
    ...(result.deployment === undefined ? [] : [`  deployment workflow ${result.deployment.workflowId}`]),
    '',
    table(
      ['GATE', 'STATUS', 'OBSERVED', 'THRESHOLD', 'N'],
      gates.map((g) => [
        g.name,
        g.status,
        String(g.observed ?? ''),
        String(g.threshold ?? ''),
        String(g.n ?? ''),
      ]),
    ),
  ].join('\n');
}

const summary = (input: BuildInput): string =>
  withoutCredentials(`build and train ${input.pipeline ?? input.project ?? ''}`);

/** `windlass train`: build, check, train, judge and register one version. */
export function register(program: Command, cli: Cli): void {
  const command = program
    .command('train')
    .description('build a commit or a published pipeline into a registered model version')
    .option(
      '--project <path>',
      'folder with windlass.yaml in a git repository, or a git URL#folder (default: here)',
    )
    .option('--pipeline <name@version>', 'train a published pipeline again instead')
    .option(
      '--data <source>',
      'file, folder, glob, az://ACCOUNT/CONTAINER/PREFIX or sql:QUERY.sql#FOLDER (default: what it used last)',
    )
    .option('--ref <ref>', 'branch, tag or commit (default: HEAD)')
    .option('--seed <n>', "seed (default: windlass.yaml's)")
    .option(
      '--param <name=value>',
      'a training parameter; may be repeated',
      (v, all: string[]) => [...all, v],
      [],
    )
    .option('--trials <n>', 'search the parameters that have several values by at most so many trials')
    .option('--parallel <n>', 'trials at the same time (default: 4)')
    .option('--strategy <name>', 'random or grid (default: random)')
    .option('--optimise <forms>', 'cheaper forms of the model to try: graph, int8, float16; or none')
    .option('--no-cache', 'do every step anew')
    .option('--redo <steps>', 'do these steps anew, e.g. train,evaluate')
    .option('--from <step>', `do every step anew from this one on: ${BUILD_STEPS.join(', ')}`)
    .option('--allow-dirty', 'build uncommitted changes too; the version is marked')
    .option(
      '--against <model>',
      "compare with this version (name@version or name@alias) instead of the model's champion",
    )
    .option('--deploy <policy>', 'auto, approval or never, for a version that passed');
  byOptions(command)
    .option('--detach', 'start it on the running system and return')
    .addHelpText(
      'after',
      `
Steps whose inputs have not changed are reused, so a failed run that is started again goes on from the failed step.

Examples:
  $ windlass train --project examples/pump-health --data data/pumps
  $ windlass train --project . --data data/pumps --param max_columns=6 --seed 11 --json
  $ windlass train --project . --data data/pumps --trials 24 --param 'max_columns={"choice":[4,6,8]}' --param 'inverse_regularisation={"range":[0.01,10],"log":true}'
  $ windlass train --project . --data data/pumps --optimise graph,int8,float16
  $ windlass train --pipeline pump-health@3 --data data/new
  $ windlass train --project . --data data/pumps --against pump-anomaly@champion
  $ windlass train --project https://git.example.com/models.git#pumps --ref v2 --data data/pumps
`,
    )
    .action(async (options: TrainOptions) => {
      const input = trainInput(options, process.cwd());
      if (input.project !== undefined && !isGitUrl(input.project) && !existsSync(input.project))
        throw new WindlassError('PROJECT_NOT_FOUND', `There is no folder ${input.project}.`);
      const { values } = await cli.config();
      const system = await cli.system(values, {
        needs: NEEDS,
        queues: QUEUES,
        command: 'train',
        ephemeral: true,
      });
      const asked = { action: 'build', project: parseReference(options.pipeline ?? '')?.name } as const;
      await requireRole(system.config, options.actor, asked);
      if (asksToDeploy(input))
        await requireRole(system.config, options.actor, { ...asked, action: 'deploy' });
      const start = { workflow: WORKFLOWS.buildAndTrain, input, summary: summary(input) };
      if (options.detach === true) return detachOnSystem(cli, system, start);
      const result = await runOnSystem<BuildResult>(cli, system, start);
      cli.output.result(result, () => show(result));
    });
}
