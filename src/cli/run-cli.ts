import { Command, Option } from 'commander';
import { Cli, type GlobalOptions } from './cli.ts';
import { COMMANDS } from './command-table.ts';
import { fail } from './shared/fail.ts';
import { Output } from './shared/output.ts';
import { errorCode } from '../base/error-code.ts';
import { asCalled, programName } from './program-name.ts';

const EXAMPLES = `
Examples:
  $ windlass up                                          start everything, show the addresses
  $ windlass doctor                                      what is missing on this machine?
  $ windlass config show                                 each setting and where it comes from
  $ windlass COMMAND --help                              options and examples of a command
`;

function createProgram(): Command {
  const collect = (value: string, previous: string[]): string[] => [...previous, value];
  return new Command(programName())
    .description('The life of machine-learning models for the IoT edge, as durable Temporal workflows.')
    .option('--json', 'one JSON object on stdout, everything else on stderr')
    .option('-q, --quiet', 'no progress')
    .option('--no-color', 'no colours')
    .option('--config <file>', 'configuration file (default: windlass.config.yaml here)')
    .option('--state-dir <dir>', 'folder of databases, logs and artefacts (default: .windlass)')
    .addOption(
      new Option('--set <name=value>', 'change one setting, e.g. --set api.port=9000; repeat for more')
        .argParser(collect)
        .default([], 'none'),
    )
    .configureHelp({ showGlobalOptions: true })
    .showSuggestionAfterError()
    .exitOverride()
    .configureOutput({
      writeOut: (text) => process.stdout.write(asCalled(text)),
      writeErr: () => undefined,
    })
    .addHelpText('after', EXAMPLES);
}

/** The command's name: the first word that is no option and no option's value. */
function commandName(args: readonly string[]): string | undefined {
  const takesValue = new Set(['--config', '--state-dir', '--set']);
  const words = args.filter((arg, i) => !arg.startsWith('-') && !takesValue.has(args[i - 1] ?? ''));
  return words[0] === 'help' ? words[1] : words[0];
}

async function addCommands(program: Command, cli: Cli, args: readonly string[]): Promise<void> {
  const asked = commandName(args);
  for (const entry of COMMANDS)
    if (entry.name === asked) (await entry.load()).register(program, cli);
    else program.command(entry.name).description(entry.summary);

  // Sub-commands report mistakes in the same way.
  const inherit = (command: Command): void => {
    for (const child of command.commands) {
      child.copyInheritedSettings(command);
      inherit(child);
    }
  };
  inherit(program);
}

/** The actor when the command line names none: the setting `actor`, else the user's name. */
async function fillActor(cli: Cli, command: Command): Promise<void> {
  // given, or none: `audit list --actor` is a filter
  if (command.getOptionValueSource('actor') !== 'default') return;
  const { values } = await cli.config();
  if (values.actor !== undefined) command.setOptionValueWithSource('actor', values.actor, 'config');
}

function handleSignals(cli: Cli): void {
  let asked = 0;
  const onSignal = (signal: NodeJS.Signals): void => {
    asked += 1;
    if (asked === 1) cli.interrupt(signal);
    else if (asked === 2) cli.output.warn('Still stopping; press Ctrl-C once more to leave at once.');
    else process.exit(130);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal);
}

function isHelp(error: unknown): boolean {
  const code = errorCode(error);
  return code === 'commander.helpDisplayed' || code === 'commander.help' || code === 'commander.version';
}

/** Runs one command line and ends the process with the error table's exit code. */
export async function runCli(args: readonly string[]): Promise<void> {
  const program = createProgram();
  const early = { json: args.includes('--json'), quiet: false };
  const cli = new Cli(program, new Output(early));
  handleSignals(cli);
  let code = 0;
  try {
    await addCommands(program, cli, args);
    program.hook('preAction', async (_program, command) => {
      const { json, quiet, color } = program.opts<GlobalOptions>();
      const colors = color === false ? { color: false } : {};
      cli.output = new Output({ json: json === true, quiet: quiet === true, ...colors });
      await fillActor(cli, command);
    });
    if (args.length === 0) program.outputHelp();
    else await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    if (!isHelp(error)) code = fail(cli.signal.aborted ? cli.signal.reason : error, cli.output);
  }
  try {
    await cli.close();
  } catch (error) {
    code = code === 0 ? fail(error, cli.output) : code;
  }
  process.exitCode = process.exitCode ?? code;
  // Native runtimes may keep threads; what was written goes out first.
  process.stdout.write('', () => process.stderr.write('', () => process.exit()));
}
