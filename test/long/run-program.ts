import { execa } from 'execa';
import { PROJECT_ROOT } from '../support/shared-layers.ts';

/**
 * Runs a program of this repository with this Node, its output told line by line; throws when it
 * does not end with 0.
 */
export async function runProgram(
  args: readonly string[],
  options: {
    readonly log: (line: string) => void;
    readonly env?: Readonly<Record<string, string>>;
    /** By default the root of the repository. */
    readonly cwd?: string;
  },
): Promise<void> {
  const child = execa(process.execPath, [...args], {
    cwd: options.cwd ?? PROJECT_ROOT,
    env: options.env,
    all: true,
    reject: false,
    stdin: 'ignore',
  });
  for await (const line of child.iterable({ from: 'all' })) options.log(line);
  const { exitCode, signal } = await child;
  if (exitCode !== 0) throw new Error(`${args.join(' ')} ended with ${exitCode ?? signal ?? 'nothing'}`);
}
