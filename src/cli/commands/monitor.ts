import type { Command } from 'commander';
import { WindlassError } from '../../errors/windlass-error.ts';
import type { MonitorInput, MonitorResult } from '../../contracts/monitoring/monitor.ts';
import { WORKFLOWS } from '../../contracts/names.ts';
import type { ServiceName } from '../../local-system/system-types.ts';
import type { Cli } from '../cli.ts';
import { asksToDeploy } from '../../domain/registry/roles.ts';
import { openRegistry, requireRole } from '../../composition/open-registry.ts';
import { dataAt } from '../shared/option-values.ts';
import { table } from '../shared/output.ts';
import { openClient, runOnSystem } from '../shared/run-workflow.ts';
import { actorOf, byOptions, type ByOptions } from '../shared/with-registry.ts';

const NEEDS: readonly ServiceName[] = ['database', 'temporal', 'hub', 'worker'];

interface RunOptions extends ByOptions {
  readonly data?: string;
  readonly force?: boolean;
  readonly retrainOn?: MonitorInput['retrainOn'];
  readonly deploy?: 'auto' | 'approval' | 'never';
}

function input(model: string, { deploy, data, ...options }: RunOptions): MonitorInput & { model: string } {
  return {
    model,
    ...options,
    data: data === undefined ? undefined : dataAt(process.cwd(), data),
    deploy: deploy === undefined ? undefined : { policy: deploy },
  };
}

const number = (x: number | null): string => (x === null ? '–' : x.toFixed(3));

function show({ report, html, retrain, deployment }: MonitorResult): string {
  if (report === null) return 'No report was made.';
  const rows = [...report.columns, report.score].map((c) => [
    c.column,
    c.status,
    number(c.psi),
    number(c.threshold),
    String(c.n),
  ]);
  return [
    `${report.model}@${report.version}: ${report.decision}`,
    ...report.arithmetic.map((line) => `  ${line}`),
    '',
    table(['COLUMN', 'VERDICT', 'PSI', 'THRESHOLD', 'N'], rows),
    '',
    `Report ${html?.digest ?? '–'} (the API serves it at /api/v1/artefacts/…)`,
    ...(retrain === null ? [] : [`Retrained: ${retrain.model}@${retrain.version}, ${retrain.verdict}`]),
    ...(deployment === null ? [] : [`Deployment: workflow ${deployment.workflowId}`]),
  ].join('\n');
}

function registerRun(monitor: Command, cli: Cli): void {
  const command = monitor
    .command('run')
    .description(
      "judge what a model's devices have sent since the last report; retrain if the policy says so",
    )
    .argument('<model>', 'name of the model, e.g. pump-health')
    .option('--data <path>', "data for a retrain (default: what the champion's build used)")
    .option('--force', 'retrain whatever the report says')
    .option('--retrain-on <rule>', 'drift-and-loss, drift or never, instead of what windlass.yaml says')
    .option('--deploy <policy>', 'auto, approval or never, for a retrained version that passed');
  byOptions(command)
    .addHelpText(
      'after',
      `
Examples:
  $ windlass monitor run pump-health
  $ windlass monitor run pump-health --force --data data/pumps --reason "new labels" --json
`,
    )
    .action(async (model: string, options: RunOptions) => {
      const { values } = await cli.config();
      const system = await cli.system(values, { needs: NEEDS, command: 'monitor' });
      const asked = { action: 'monitor', project: model } as const;
      await requireRole(system.config, options.actor, asked);
      const given = input(model, options);
      if (asksToDeploy(given))
        await requireRole(system.config, options.actor, { ...asked, action: 'deploy' });
      const result = await runOnSystem<MonitorResult>(cli, system, {
        workflow: WORKFLOWS.monitorAndRetrain,
        input: given,
        summary: `monitor ${model}`,
      });
      cli.output.result(result, () => show(result));
    });
}

interface ScheduleOptions extends ByOptions {
  readonly every?: string;
  readonly cron?: string;
  readonly jitter: string;
  readonly delete?: boolean;
  readonly data?: string;
}

function seconds(text: string, option: string): number {
  const match = /^(\d+)(s|m|h|d)?$/.exec(text);
  const unit = { s: 1, m: 60, h: 3600, d: 86_400 }[match?.[2] ?? 's'];
  if (match !== null && unit !== undefined) return Number(match[1]) * unit;
  throw new WindlassError('INPUT_INVALID', `${option} ${text}: expected a time such as 30s, 15m, 6h or 1d.`);
}

function registerSchedule(monitor: Command, cli: Cli): void {
  const command = monitor
    .command('schedule')
    .description('run the monitor by a Temporal Schedule; set again, it is changed')
    .argument('<model>', 'name of the model, e.g. pump-health')
    .option('--every <time>', 'interval, e.g. 30m, 6h (default: 1h)')
    .option('--cron <expression>', 'cron expression in UTC, instead of an interval')
    .option('--jitter <time>', 'spread of the starts', '0s')
    .option('--data <path>', "data for a retrain (default: what the champion's build used)")
    .option('--delete', 'remove the schedule');
  byOptions(command)
    .addHelpText(
      'after',
      `
Examples:
  $ windlass monitor schedule pump-health --every 6h --jitter 5m
  $ windlass monitor schedule pump-health --cron "0 4 * * *"
  $ windlass monitor schedule pump-health --delete
`,
    )
    .action(async (model: string, options: ScheduleOptions) => {
      if (options.every !== undefined && options.cron !== undefined)
        throw new WindlassError('INPUT_INVALID', 'Give either --every or --cron, not both.');
      const timing = {
        cron: options.cron,
        everySeconds: seconds(options.every ?? '1h', '--every'),
        jitterSeconds: seconds(options.jitter, '--jitter'),
      };
      const { values } = await cli.config();
      const system = await cli.system(values, { needs: ['database', 'temporal'], command: 'monitor' });
      const by = actorOf(options);
      const { registry, access, close } = await openRegistry(system.config);
      const temporal = await openClient(system);
      const note = (action: string, details: Record<string, unknown>) =>
        registry.recordAudit({ ...by, action, subject: `model/${model}`, details });
      try {
        await access.check(by.actor, { action: 'monitor', project: model });
        const { deleteMonitorSchedule, setMonitorSchedule } =
          await import('../../adapters/temporal/monitor-schedule.ts');
        if (options.delete === true) {
          await deleteMonitorSchedule(temporal.client, model);
          await note('monitor.unscheduled', {});
          cli.output.result({ deleted: model }, () => `The schedule of ${model} is removed.`);
          return;
        }
        const data = options.data === undefined ? undefined : dataAt(process.cwd(), options.data);
        const scheduleId = await setMonitorSchedule(temporal.client, { model, data, ...by }, timing);
        await note('monitor.scheduled', { ...timing, data });
        cli.output.result({ scheduleId, ...timing }, () => `Schedule ${scheduleId} is set.`);
      } finally {
        await temporal.close();
        await close();
      }
    });
}

/** `windlass monitor run|schedule`. */
export function register(program: Command, cli: Cli): void {
  const monitor = program.command('monitor').description('watch models in production');
  registerRun(monitor, cli);
  registerSchedule(monitor, cli);
}
