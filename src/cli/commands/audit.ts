import type { Command } from 'commander';
import { ERRORS } from '../../errors/table.ts';
import { WindlassError } from '../../errors/windlass-error.ts';
import type { AuditVerdict } from '../../contracts/audit.ts';
import type { Cli } from '../cli.ts';
import { countOption, timeOption } from '../shared/option-values.ts';
import { table } from '../shared/output.ts';
import { withRegistry } from '../shared/with-registry.ts';

interface ListOptions {
  readonly subject?: string;
  readonly actor?: string;
  readonly action?: string;
  readonly since?: string;
  readonly until?: string;
  readonly limit: string;
}

function registerList(audit: Command, cli: Cli): void {
  audit
    .command('list')
    .description('events, newest first')
    .option('--subject <subject>', 'e.g. model/pump-health@3; a * at the end matches what begins so')
    .option('--actor <name>', 'only what this person or service did')
    .option('--action <action>', 'e.g. alias.set, model.approved, role.granted, artefact.read')
    .option('--since <time>', 'at or after this time')
    .option('--until <time>', 'at or before this time')
    .option('--limit <n>', 'at most this many', '50')
    .addHelpText(
      'after',
      `
Examples:
  $ windlass audit list --subject 'model/pump-health@*'
  $ windlass audit list --action alias.set --since 2026-03-01 --json
`,
    )
    .action(async ({ since, until, limit, ...who }: ListOptions) => {
      const filter = {
        ...who,
        since: since === undefined ? undefined : timeOption('--since', since),
        until: until === undefined ? undefined : timeOption('--until', until),
        limit: countOption('--limit', limit),
      };
      await withRegistry(cli, 'audit list', async ({ registry }) => {
        const events = await registry.audit(filter);
        cli.output.result(events, () =>
          events.length === 0
            ? 'No such event.'
            : table(
                ['SEQ', 'AT', 'ACTOR', 'ACTION', 'SUBJECT', 'WHY'],
                events.map((e) => [
                  String(e.seq),
                  e.at.slice(0, 19).replace('T', ' '),
                  e.actor,
                  e.action,
                  e.subject,
                  e.reason,
                ]),
              ),
        );
      });
    });
}

function verdictText({ ok, entries, head, brokenAt, reason }: AuditVerdict): string {
  return ok
    ? `The audit trail is whole: ${entries} events, head ${head}\nKeep the head elsewhere: \`windlass audit verify --head ${head.slice(0, 8)}…\` then finds a trail that was cut off or written anew.`
    : `The audit trail is broken at event ${brokenAt}: ${reason}.\n${entries} events before it are whole, up to ${head}.`;
}

function registerVerify(audit: Command, cli: Cli): void {
  audit
    .command('verify')
    .description('recompute the chain of hashes from the first event; exit code 9 when it is broken')
    .option('--head <hash>', 'a head that was printed before: it must still be in the chain')
    .addHelpText(
      'after',
      '\nExamples:\n  $ windlass audit verify\n  $ windlass audit verify --head "$(cat head)" --json\n',
    )
    .action(async ({ head }: { head?: string }) => {
      if (head !== undefined && !/^[0-9a-f]{64}$/.test(head))
        throw new WindlassError('INPUT_INVALID', `--head ${head} is not a hash: expected 64 hex digits.`);
      await withRegistry(cli, 'audit verify', async ({ registry }) => {
        const verdict = await registry.verifyAudit(head);
        cli.output.result(verdict, () => verdictText(verdict));
        if (!verdict.ok) process.exitCode = ERRORS.AUDIT_BROKEN.exit;
      });
    });
}

/** `windlass audit list|verify`. */
export function register(program: Command, cli: Cli): void {
  const audit = program
    .command('audit')
    .description('what was done, by whom, and whether the trail is whole');
  registerList(audit, cli);
  registerVerify(audit, cli);
}
