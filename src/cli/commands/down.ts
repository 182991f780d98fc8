import type { Command } from 'commander';
import { WindlassError } from '../../errors/windlass-error.ts';
import { isAlive, signalProcess } from '../../adapters/process/process-info.ts';
import { readLiveRecord } from '../../local-system/state-claim.ts';
import { waitFor } from '../../base/wait-for.ts';
import type { Cli } from '../cli.ts';

const STOP_TIMEOUT_MS = 90_000;

/** `windlass down`: asks the running system to stop, and waits until it has. */
export function register(program: Command, cli: Cli): void {
  program
    .command('down')
    .description('stop the system that `up` started, and wait until it has stopped')
    .addHelpText('after', '\nExamples:\n  $ windlass down\n')
    .action(async () => {
      const { values } = await cli.config();
      const record = readLiveRecord(values.stateDir);
      if (record === undefined) throw new WindlassError('NOT_RUNNING', `Nothing runs in ${values.stateDir}.`);
      cli.output.status(`stopping windlass ${record.command} (process ${record.pid})`);
      signalProcess(record.pid, 'SIGTERM');
      const gone = await waitFor(() => !isAlive(record), { timeoutMs: STOP_TIMEOUT_MS, signal: cli.signal });
      if (gone !== true)
        throw new WindlassError('TIMEOUT', `Process ${record.pid} has not stopped.`, {
          hint: `Look at ${values.stateDir}/logs, or end it with kill -9 ${record.pid}: the next start clears up.`,
        });
      cli.output.result({ stopped: true, pid: record.pid }, () => `Stopped process ${record.pid}.`);
    });
}
