import { Option, type Command } from 'commander';
import { WindlassError } from '../../../errors/windlass-error.ts';
import type { Cli } from '../../cli.ts';

interface DemoOptions {
  readonly devices: number;
  readonly seed: number;
  readonly exit?: boolean;
}

const whole = (name: string, least: number, most: number) => (text: string) => {
  const value = Number(text);
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new WindlassError(
    'INPUT_INVALID',
    `${name} ${text}: expected a whole number from ${least} to ${most}.`,
  );
};

/** `windlass demo`: the whole story on real parts; stays up afterwards unless --exit. */
export function register(program: Command, cli: Cli): void {
  program
    .command('demo')
    .description('play the whole story on real parts: train, roll out, drift and retrain, stop a bad version')
    .argument('[file]', 'with --json: write the summary to this file instead of stdout')
    .addOption(
      new Option('--devices <n>', 'virtual pumps').argParser(whole('--devices', 10, 500)).default(60),
    )
    .addOption(
      new Option('--seed <n>', 'seed of pumps, data, training and rings')
        .argParser(whole('--seed', 0, 2_147_483_646))
        .default(7),
    )
    .option('--exit', 'stop everything when the story is told, instead of staying up to look around')
    .addHelpText(
      'after',
      `
It has a state folder of its own (demo/ in the state folder), which every demo starts anew.

Examples:
  $ npm run demo
  $ npm run demo -- --devices 120 --seed 11
  $ npm run demo -- --exit --json out.json
`,
    )
    .action(async (file: string | undefined, options: DemoOptions) => {
      if (file !== undefined && !cli.output.json)
        throw new WindlassError('INPUT_INVALID', `demo takes no argument "${file}" without --json.`);

      const { runDemo } = await import('./demo.ts');
      await runDemo(cli, { ...options, exit: options.exit === true, file });
    });
}
