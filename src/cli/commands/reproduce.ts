import type { Command } from 'commander';
import { TASK_QUEUES, WORKFLOWS } from '../../contracts/names.ts';
import type { ReproduceInput, ReproduceResult } from '../../contracts/build/reproduce.ts';
import { describeReproduction } from '../../domain/registry/reproduction.ts';
import { ERRORS } from '../../errors/table.ts';
import type { Cli } from '../cli.ts';
import { dataAt, projectAt } from '../shared/option-values.ts';
import { table } from '../shared/output.ts';
import { runOnSystem } from '../shared/run-workflow.ts';

interface ReproduceOptions {
  readonly project?: string;
  readonly data?: string;
  readonly actor: string;
}

const short = (value: unknown): string => {
  const text = value === null ? 'gone' : String(value);
  return /^(sha256:)?[0-9a-f]{64}$/.test(text) ? text.replace('sha256:', '').slice(0, 12) : text;
};

function show({ identical, model, differences, unchecked, notes, seconds }: ReproduceResult): string {
  return [
    `${model.reference} ${describeReproduction({ differences, unchecked })} (${seconds.toFixed(0)} s)`,
    `  model.onnx ${model.rebuilt}`,
    ...unchecked.map(({ what, why }) => `  not compared: ${what} (${why})`),
    ...notes.map((note) => `  note: ${note}`),
    ...(identical
      ? []
      : [
          '',
          table(
            ['WHAT', 'RECORDED', 'FOUND'],
            differences.map((d) => [d.what, short(d.recorded), short(d.found)]),
          ),
        ]),
  ].join('\n');
}

/** `windlass reproduce`: makes a version again and compares. */
export function register(program: Command, cli: Cli): void {
  program
    .command('reproduce')
    .description('make a version again from its recorded commit, environment, data and seed, and compare')
    .argument('<model>', 'name@version or name@alias, e.g. pump-health@3')
    .option('--project <path>', 'where the repository is now, when it moved: a folder, or a git URL#folder')
    .option('--data <path>', 'where the data are now, when they moved')
    .option('--actor <name>', 'who asks', process.env['USER'] ?? 'engineer')
    .addHelpText(
      'after',
      `
Digests and metrics must be equal to the last bit. Differences are listed in the order of the pipeline, so that the first one is
where it starts. What cannot be compared any more (a repository or folder that is gone) is listed under "unchecked"; the model is made
from what was kept of it. Exit code ${ERRORS.NOT_REPRODUCED.exit} when anything differs; nothing is registered.

Examples:
  $ windlass reproduce pump-health@3
  $ windlass reproduce pump-health@champion --json
  $ windlass reproduce pump-health@3 --data /mnt/archive/pumps
`,
    )
    .action(async (model: string, { project, data, actor }: ReproduceOptions) => {
      const cwd = process.cwd();
      const input: ReproduceInput = {
        model,
        project: project === undefined ? undefined : projectAt(cwd, project),
        data: data === undefined ? undefined : dataAt(cwd, data),
        actor,
      };
      const { values } = await cli.config();
      const system = await cli.system(values, {
        needs: ['database', 'temporal', 'worker'],
        queues: [TASK_QUEUES.control, TASK_QUEUES.training],
        command: 'reproduce',
        ephemeral: true,
      });
      const result = await runOnSystem<ReproduceResult>(cli, system, {
        workflow: WORKFLOWS.reproduceModel,
        input,
        summary: `reproduce ${model}`,
      });
      cli.output.result(result, () => show(result));
      if (!result.identical) process.exitCode = ERRORS.NOT_REPRODUCED.exit;
    });
}
