import type { Command } from 'commander';
import type { OpenRegistry } from '../../composition/open-registry.ts';
import type { Actor } from '../../contracts/audit.ts';
import type { Cli } from '../cli.ts';

/** Runs work on the registry of the running system (or of one whose database is started for it). */
export async function withRegistry(
  cli: Cli,
  command: string,
  work: (open: OpenRegistry) => Promise<void>,
): Promise<void> {
  const { values } = await cli.config();
  const system = await cli.system(values, { needs: ['database'], command });
  const { openRegistry } = await import('../../composition/open-registry.ts');
  const open = await openRegistry(system.config);
  try {
    await work(open);
  } finally {
    await open.close();
  }
}

export interface ByOptions {
  readonly actor: string;
  readonly reason: string;
}

/** `--actor` and `--reason` of a command that changes something. */
export function byOptions(command: Command): Command {
  return command
    .option('--actor <name>', 'who does this, for roles and audit trail', process.env['USER'] ?? 'engineer')
    .option('--reason <text>', 'why', '');
}

/** Who acts and why, without the other options of a command. */
export function actorOf({ actor, reason }: ByOptions): Actor {
  return { actor, reason };
}
