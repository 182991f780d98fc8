import type { Command } from 'commander';
import { registerCheckData } from './check-data.ts';
import { registerCheckModel } from './check-model.ts';
import type { Cli } from '../../cli.ts';

/** `windlass check`: the gates alone. */
export function register(program: Command, cli: Cli): void {
  const check = program.command('check').description('run the gates alone, without a server');
  registerCheckData(check, cli);
  registerCheckModel(check, cli);
}
