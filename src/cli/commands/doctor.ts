import type { Command } from 'commander';
import { ERRORS } from '../../errors/table.ts';
import type { Finding } from '../../local-system/doctor.ts';
import type { Cli } from '../cli.ts';

function lines(findings: readonly Finding[], cli: Cli): string {
  const c = cli.output.colors;
  const mark = { ok: c.green('✓'), optional: c.yellow('–'), missing: c.red('✗') };
  return findings
    .flatMap((f) => [
      `${mark[f.status]} ${f.name.padEnd(16)} ${f.found}`,
      ...(f.fix === undefined ? [] : [`  ${' '.repeat(16)} → ${f.fix}`]),
    ])
    .join('\n');
}

/** `windlass doctor`: what is there, what is missing and how to get it. */
export function register(program: Command, cli: Cli): void {
  program
    .command('doctor')
    .description('say what is there, what is missing and how to get it')
    .addHelpText(
      'after',
      `
Ends with 0 when nothing that is required is missing; otherwise with the exit code of the first missing part.

Examples:
  $ windlass doctor
  $ windlass doctor --json
`,
    )
    .action(async () => {
      const { values } = await cli.config();
      const { runChecks } = await import('../../local-system/doctor.ts');
      const findings = await runChecks(values);
      const missing = findings.filter((f) => f.status === 'missing');
      cli.output.result({ ok: missing.length === 0, checks: findings }, () => lines(findings, cli));
      const first = missing[0];
      if (first !== undefined) process.exitCode = ERRORS[first.code].exit;
    });
}
