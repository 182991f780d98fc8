import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { ImportInput, ImportResult } from '../../../contracts/build/import.ts';
import { TASK_QUEUES, WORKFLOWS } from '../../../contracts/names.ts';
import { describeGate } from '../../../domain/gates/format.ts';
import { blockingGates } from '../../../domain/gates/statuses.ts';
import { ERRORS } from '../../../errors/table.ts';
import type { Cli } from '../../cli.ts';
import { dataAt, projectAt } from '../../shared/option-values.ts';
import { runOnSystem } from '../../shared/run-workflow.ts';
import { actorOf, byOptions, type ByOptions } from '../../shared/with-registry.ts';

interface ImportOptions extends ByOptions {
  readonly name?: string;
  readonly golden?: string;
  readonly project?: string;
  readonly ref?: string;
  readonly allowDirty?: boolean;
  readonly data?: string;
}

/** The workflow's input; relative paths become absolute here, where the user stands. */
function importInput(
  file: string,
  { golden, project, data, name, ref, allowDirty }: ImportOptions,
): ImportInput {
  return {
    file: resolve(file),
    golden: golden === undefined ? undefined : resolve(golden),
    project: project === undefined ? undefined : projectAt(process.cwd(), project),
    data: data === undefined ? undefined : dataAt(process.cwd(), data),
    name,
    ref,
    allowDirty: allowDirty === true,
  };
}

function show({ model, missing, gates }: ImportResult): string {
  const reference = `${model.name}@${model.version}`;
  const blocking = blockingGates(gates);
  return [
    `${reference} (imported, ${model.state})  ${model.digest}`,
    `  not known   ${missing.join(', ')}`,
    ...(blocking.length === 0
      ? [
          `  next        \`windlass models alias set ${reference} champion\`, or \`windlass deploy ${reference}\``,
        ]
      : ['  it cannot be deployed:', ...blocking.map((gate) => `    ${describeGate(gate)}`)]),
  ].join('\n');
}

/** `windlass models import`: takes in a model that was trained elsewhere. */
export function registerImport(models: Command, cli: Cli): void {
  const command = models
    .command('import')
    .description('register a model that was trained elsewhere, through the gates of a build')
    .argument('<file>', 'the .onnx file itself')
    .option('--name <name>', "name of the model (default: the project's)")
    .option('--golden <file>', "golden.json: rows with the training framework's own predictions")
    .option(
      '--project <path>',
      'folder with windlass.yaml in a git repository, or a git URL#folder, that serves it',
    )
    .option('--ref <ref>', 'branch, tag or commit of the project (default: HEAD)')
    .option('--allow-dirty', "take the project's uncommitted changes too")
    .option('--data <path>', 'labelled data that the model has not seen: it is measured on them');
  byOptions(command)
    .addHelpText(
      'after',
      `
The version is marked as imported, and says what nobody knows of it. With --project, --golden and --data it can be compared, deployed
and monitored like any other; without them it can be looked at. A model that fails a gate is not registered (exit code
${ERRORS.GATE_FAILED.exit}); \`windlass check model\` runs the same gates without a server.

Examples:
  $ windlass models import model.onnx --golden golden.json --project examples/pump-health --data data/unseen
  $ windlass models import downloaded.onnx --name valve-health --json
`,
    )
    .action(async (file: string, options: ImportOptions) => {
      const input = { ...importInput(file, options), ...actorOf(options) };
      const { values } = await cli.config();
      const system = await cli.system(values, {
        needs: ['database', 'temporal', 'worker'],
        queues: [TASK_QUEUES.control, TASK_QUEUES.training],
        command: 'models import',
        ephemeral: true,
      });
      const { requireRole } = await import('../../../composition/open-registry.ts');
      await requireRole(system.config, options.actor, { action: 'build', project: options.name });
      const result = await runOnSystem<ImportResult>(cli, system, {
        workflow: WORKFLOWS.importModel,
        input,
        summary: `import ${file}`,
      });
      cli.output.result(result, () => show(result));
    });
}
