import type { Command } from 'commander';
import { WindlassError } from '../../errors/windlass-error.ts';
import { SERVICE_NAMES, type ServiceName, type SystemInfo } from '../../local-system/system-types.ts';
import type { Cli } from '../cli.ts';
import { table } from '../shared/output.ts';

function hubAddress(hub: SystemInfo['config']['hub']): string | undefined {
  const host = /HostName=([^;]+)/.exec(hub.connectionString ?? '')?.[1];
  return host === undefined || hub.port === undefined ? host : `${host}:${hub.port}`;
}

/** The addresses that a person or a program needs, without secrets. */
function addresses(info: SystemInfo): Record<string, string> {
  const { temporal, database, hub, fleet, stateDir } = info.config;
  const entries: [string, string | undefined][] = [
    ['api', info.api],
    ['temporal', temporal.address],
    ['temporalUi', info.temporalUi],
    ['hub', hubAddress(hub)],
    ['database', database.url?.replace(/^(\w+:\/\/[^:@/]+:)[^@]+@/, '$1••••@')],
    ['fleet', info.services.includes('fleet') ? `${fleet.devices} virtual pumps` : undefined],
    ['fleetControl', info.fleetControl],
    ['logs', `${stateDir}/logs`],
  ];
  return Object.fromEntries(entries.filter((e): e is [string, string] => e[1] !== undefined));
}

const TITLES: Readonly<Record<string, string>> = {
  api: 'API',
  temporal: 'Temporal',
  temporalUi: 'Temporal UI',
  hub: 'IoT Hub',
  database: 'PostgreSQL',
  fleet: 'Fleet',
  fleetControl: 'Fleet control',
  logs: 'Logs',
};

function show(info: SystemInfo): string {
  const rows = Object.entries(addresses(info)).map(([key, value]) => [TITLES[key] ?? key, value]);
  return table(['PART', 'WHERE'], rows);
}

function parseWithout(text: string | undefined): ServiceName[] {
  const without = (text ?? '').split(',').filter((name) => name !== '');
  const unknown = without.filter((name) => !SERVICE_NAMES.some((s) => s === name));
  if (unknown.length > 0)
    throw new WindlassError('INPUT_INVALID', `--without ${unknown.join(',')}: there is no such part.`, {
      hint: `The parts are ${SERVICE_NAMES.join(', ')}.`,
    });
  return SERVICE_NAMES.filter((name) => without.includes(name));
}

/** A second `up` is not a failure: the system is running. */
async function startOrFind(cli: Cli, needs: readonly ServiceName[]): Promise<'found' | undefined> {
  const { startSystem, runningSystem } = await import('../../local-system/system.ts');
  const { values } = await cli.config();
  try {
    const system = await startSystem(values, cli.startOptions({ needs, command: 'up' }));
    try {
      cli.output.resultLine({ ...addresses(system.info), alreadyRunning: false, pid: process.pid }, () =>
        show(system.info),
      );
      cli.output.note('Ctrl-C stops everything.');
      await new Promise<void>((resolve) => {
        if (cli.signal.aborted) resolve();
        else cli.signal.addEventListener('abort', () => resolve());
      });
    } finally {
      await system.stop();
    }
    return undefined;
  } catch (error) {
    const running = runningSystem(values.stateDir);
    if (
      !(error instanceof WindlassError && error.code === 'ALREADY_RUNNING') ||
      running?.record.ephemeral !== false
    )
      throw error;
    const { record, info } = running;
    cli.output.resultLine(
      { ...addresses(info), alreadyRunning: true, pid: record.pid, since: record.startedAt },
      () => [`Already running: process ${record.pid}, since ${record.startedAt}.`, '', show(info)].join('\n'),
    );
    return 'found';
  }
}

/** `windlass up`: every service, until Ctrl-C. */
export function register(program: Command, cli: Cli): void {
  program
    .command('up')
    .description('start the whole system and show its addresses; Ctrl-C stops it')
    .option('--without <parts>', `parts to leave out, of ${SERVICE_NAMES.join(', ')}`)
    .addHelpText(
      'after',
      `
Parts that exist already are used: TEMPORAL_ADDRESS, DATABASE_URL, WINDLASS_HUB_CONNECTION_STRING.
A second \`up\` finds the first one and shows its addresses.

Examples:
  $ windlass up
  $ windlass up --set fleet.devices=200 --set temporal.uiPort=8300
  $ windlass up --without fleet,hub
`,
    )
    .action(async (options: { without?: string }) => {
      const without = parseWithout(options.without);
      await startOrFind(
        cli,
        SERVICE_NAMES.filter((name) => !without.includes(name)),
      );
    });
}
