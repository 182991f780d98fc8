import { resolve } from 'node:path';
import type { Command } from 'commander';
import {
  CALIBRATE_EXAMPLE,
  calibrateInputSchema,
  type CalibrateInput,
  type CalibrateResult,
} from '../../contracts/device/calibrate-device.ts';
import { TASK_QUEUES, WORKFLOWS } from '../../contracts/names.ts';
import { parseInput } from '../../errors/parse-input.ts';
import { parseReference } from '../../domain/registry/reference.ts';
import type { Cli } from '../cli.ts';
import { requireRole } from '../../composition/open-registry.ts';
import { runOnSystem } from '../shared/run-workflow.ts';
import { byOptions, type ByOptions } from '../shared/with-registry.ts';

interface CalibrateOptions extends ByOptions {
  readonly device: string;
  readonly data: string;
  readonly deliver: boolean;
}

function show({ model, calibration, delivered, why, seconds }: CalibrateResult): string {
  return [
    `${calibration.device} is calibrated for ${model.name}@${model.version} on ${calibration.rows} rows: ${calibration.id} (${seconds.toFixed(0)} s)`,
    `  document   ${calibration.document.digest}`,
    `  delivered  ${delivered ? 'in the module twin; the device takes it when it is connected' : `no: ${why ?? ''}`}`,
  ].join('\n');
}

/** `windlass calibrate`: fits a device's calibration and delivers it. */
export function register(program: Command, cli: Cli): void {
  const command = program
    .command('calibrate')
    .description(
      "fit a device's calibration on its commissioning rows, keep it, and deliver it to the device",
    )
    .argument('<model>', 'name@version or name@alias, e.g. pump-anomaly@2')
    .requiredOption('--device <id>', 'the device in the hub, e.g. pump-001')
    .requiredOption(
      '--data <file>',
      'CSV or Parquet file that begins with the commissioning rows of this device',
    )
    .option('--no-deliver', 'only fit and keep it');
  byOptions(command)
    .addHelpText(
      'after',
      `
How many rows and which command: model.calibration of the version's windlass.yaml. A model whose calibration is fitted by a command
does not score on a device before this: the device says "uncalibrated". A device that is offline takes it when it is back. For
a built-in fit, what is delivered replaces what the device fitted itself.

Examples:
  $ windlass calibrate pump-anomaly@2 --device pump-001 --data commissioning/001.csv
  $ windlass calibrate pump-anomaly@champion --device pump-001 --data commissioning/001.csv --no-deliver --json
`,
    )
    .action(async (model: string, options: CalibrateOptions) => {
      const data = resolve(options.data);
      const input: CalibrateInput = parseInput(
        calibrateInputSchema,
        { model, ...options, data },
        { what: 'The calibration', example: CALIBRATE_EXAMPLE, lines: true },
      );
      const { values } = await cli.config();
      const system = await cli.system(values, {
        needs: ['database', 'temporal', 'worker'],
        queues: [TASK_QUEUES.control, TASK_QUEUES.training, ...(options.deliver ? [TASK_QUEUES.fleet] : [])],
        command: 'calibrate',
        ephemeral: true,
      });
      const action = options.deliver ? 'deploy' : 'build';
      await requireRole(system.config, options.actor, { action, project: parseReference(model)?.name });
      const result = await runOnSystem<CalibrateResult>(cli, system, {
        workflow: WORKFLOWS.calibrateDevice,
        input,
        summary: `calibrate ${options.device} for ${model}`,
      });
      cli.output.result(result, () => show(result));
    });
}
