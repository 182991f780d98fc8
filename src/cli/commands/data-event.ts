import type { Command } from 'commander';
import { dataEventSchema } from '../../contracts/monitoring/monitor.ts';
import { NEW_DATA_SIGNAL, workflowIds, WORKFLOWS } from '../../contracts/names.ts';
import type { WindlassConfig } from '../../config/schema.ts';
import { WindlassError } from '../../errors/windlass-error.ts';
import { parseInput } from '../../errors/parse-input.ts';
import type { Cli } from '../cli.ts';
import { requireRole } from '../../composition/open-registry.ts';
import { dataAt } from '../shared/option-values.ts';
import { openClient } from '../shared/run-workflow.ts';
import { byOptions, type ByOptions } from '../shared/with-registry.ts';
import { workflowError } from '../shared/workflow-error.ts';

interface Options extends ByOptions {
  readonly id?: string;
}

/** `windlass data-event`: tells the model's coordinator that new data has arrived. */
export function register(program: Command, cli: Cli): void {
  const command = program
    .command('data-event')
    .description('tell that new data has arrived; events of a model are gathered into one retrain')
    .argument('<model>', 'name of the model, e.g. pump-health')
    .argument('<data>', 'file, folder, glob, az://… or sql:… with the new data')
    .option('--id <key>', 'key of the event: the same event twice counts once');
  byOptions(command)
    .addHelpText(
      'after',
      `
The coordinator waits until no event came for a while, then retrains once on the newest data.

Examples:
  $ windlass data-event pump-health data/new --reason "export of week 47"
  $ windlass data-event pump-health data/new --id export-2026-47 --json
`,
    )
    .action(async (model: string, data: string, options: Options) => {
      const event = parseInput(
        dataEventSchema,
        { model, data: dataAt(process.cwd(), data), ...options },
        {
          what: 'The data event',
          example: { model: 'pump-health', data: 'data/new' },
          lines: true,
        },
      );
      const { values } = await cli.config();
      const system = await cli.system(values, { needs: ['database', 'temporal'], command: 'data-event' });
      await requireRole(system.config, event.actor, { action: 'build', project: event.model });
      await refuseUnknown(system.config, event.model);
      const temporal = await openClient(system);
      const workflowId = workflowIds.retrainCoordinator(event.model);
      try {
        const { runId } = await temporal.starter.signalWithStart({
          workflow: WORKFLOWS.retrainCoordinator,
          workflowId,
          input: { model: event.model },
          signal: NEW_DATA_SIGNAL,
          message: event,
          summary: `new data for ${event.model}`,
        });
        if (system.owned)
          cli.output.warn('No system is running: the event waits until the next `windlass up`.');
        cli.output.result({ workflowId, runId, event }, () => `Taken by ${workflowId}.`);
      } catch (error) {
        throw workflowError(error, { workflow: WORKFLOWS.retrainCoordinator, workflowId });
      } finally {
        await temporal.close();
      }
    });
}

/** Without this a mistyped name would start a coordinator that waits for ever. */
async function refuseUnknown(config: WindlassConfig, model: string): Promise<void> {
  const { openRegistry } = await import('../../composition/open-registry.ts');
  const { registry, close } = await openRegistry(config);
  try {
    if ((await registry.models({ name: model, limit: 1 })).length === 0)
      throw new WindlassError('NOT_FOUND', `No version of the model "${model}" is registered.`);
  } finally {
    await close();
  }
}
