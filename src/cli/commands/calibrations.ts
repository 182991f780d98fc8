import type { Command } from 'commander';
import type { StoredCalibration } from '../../contracts/device/calibrate-device.ts';
import { WindlassError } from '../../errors/windlass-error.ts';
import type { Cli } from '../cli.ts';
import { findModel } from '../../application/find-model.ts';
import { table } from '../shared/output.ts';
import { withRegistry } from '../shared/with-registry.ts';
import { minute } from '../shared/words.ts';

interface ListOptions {
  readonly model?: string;
  readonly device?: string;
}

function listText(calibrations: readonly StoredCalibration[]): string {
  if (calibrations.length === 0) return 'No such calibration is kept. `windlass calibrate` fits one.';
  return table(
    ['DEVICE', 'MODEL', 'CALIBRATION', 'ROWS', 'FITTED', 'BY'],
    calibrations.map((c) => [
      ...[c.device, `${c.model.name}@${c.model.version}`, c.id],
      ...[String(c.rows), minute(c.fittedAt), c.fittedBy],
    ]),
  );
}

function registerList(calibrations: Command, cli: Cli): void {
  calibrations
    .command('list')
    .description(
      'calibrations that were fitted for devices, newest first; the newest of a version and device counts',
    )
    .option(
      '--model <reference>',
      'only of this version: name@version or name@alias; a name alone: its champion',
    )
    .option('--device <id>', 'only of this device')
    .addHelpText(
      'after',
      `
Examples:
  $ windlass calibrations list --device pump-001
  $ windlass calibrations list --model pump-anomaly@2 --json
`,
    )
    .action(async ({ model: reference, device }: ListOptions) => {
      await withRegistry(cli, 'calibrations list', async ({ registry }) => {
        const model = reference === undefined ? undefined : await findModel(registry, reference);
        const found = await registry.calibrations({
          device,
          model,
        });
        cli.output.result(found, () => listText(found));
      });
    });
}

function registerShow(calibrations: Command, cli: Cli): void {
  calibrations
    .command('show')
    .description('the newest calibration document of a device, as the module takes it on site')
    .argument('<model>', 'name@version or name@alias, e.g. pump-anomaly@2')
    .requiredOption('--device <id>', 'the device in the hub, e.g. pump-001')
    .addHelpText(
      'after',
      `
Examples:
  $ windlass calibrations show pump-anomaly@2 --device pump-001 > calibration.json
  $ curl --data @calibration.json http://MODULE:PORT/calibration
`,
    )
    .action(async (reference: string, { device }: { device: string }) => {
      await withRegistry(cli, 'calibrations show', async ({ registry, artefacts }) => {
        const model = await findModel(registry, reference);
        const [newest] = await registry.calibrations({ device, model });
        if (newest === undefined)
          throw new WindlassError(
            'NOT_FOUND',
            `No calibration of ${device} for ${model.name}@${model.version} is kept.`,
            {
              hint: `Fit one: \`windlass calibrate ${model.name}@${model.version} --device ${device} --data FILE\``,
            },
          );
        const document = JSON.parse(
          (await artefacts.read(newest.document.digest)).toString('utf8'),
        ) as object;
        cli.output.result(document, () => JSON.stringify(document));
      });
    });
}

/** `windlass calibrations list|show`. */
export function register(program: Command, cli: Cli): void {
  const calibrations = program
    .command('calibrations')
    .description('what was fitted for devices, when and by whom');
  registerList(calibrations, cli);
  registerShow(calibrations, cli);
}
