import type { Command } from 'commander';
import { ALL_PROJECTS, grantSchema, ROLES } from '../../contracts/roles.ts';
import { parseInput } from '../../errors/parse-input.ts';
import type { StoredGrant } from '../../ports/access.ts';
import type { Cli } from '../cli.ts';
import { table } from '../shared/output.ts';
import { actorOf, byOptions, withRegistry } from '../shared/with-registry.ts';
import type { ByOptions } from '../shared/with-registry.ts';
import { minute } from '../shared/words.ts';

function grantsText(grants: readonly StoredGrant[]): string {
  if (grants.length === 0) return 'No role is granted, so everybody may do everything.';
  return table(
    ['ACTOR', 'PROJECT', 'ROLE', 'SINCE', 'GRANTED BY'],
    grants.map((g) => [g.actor, g.project, g.role, minute(g.grantedAt), g.grantedBy]),
  );
}

function registerChange(roles: Command, cli: Cli, change: 'grant' | 'revoke'): void {
  const command = roles
    .command(change)
    .description(change === 'grant' ? 'give somebody a role' : 'take a role away')
    .argument('<who>', 'name of a person or service')
    .argument('<role>', ROLES.join(', '))
    .option('--project <model>', 'only on this model (default: all)', ALL_PROJECTS);
  byOptions(command)
    .addHelpText(
      'after',
      change === 'grant'
        ? `
The first grant must make somebody admin of all projects; from then on the API asks everybody for a token.

Examples:
  $ windlass roles grant ada admin
  $ windlass roles grant bob approver --project pump-health --reason "shift lead"
`
        : '\nExample:\n  $ windlass roles revoke bob approver --project pump-health\n',
    )
    .action(async (who: string, role: string, options: ByOptions & { project: string }) => {
      const grant = parseInput(
        grantSchema,
        { actor: who, role, project: options.project },
        { what: 'The grant' },
      );
      const by = actorOf(options);
      await withRegistry(cli, `roles ${change}`, async ({ access }) => {
        await access.check(by.actor, { action: 'administer', project: grant.project });
        await (change === 'grant' ? access.grant(grant, by) : access.revoke(grant, by));
        const grants = await access.grants();
        cli.output.result(grants, () => grantsText(grants));
      });
    });
}

/** `windlass roles list|grant|revoke`. */
export function register(program: Command, cli: Cli): void {
  const roles = program.command('roles').description('who may do what on which project');
  roles
    .command('list')
    .description('who has which role')
    .addHelpText('after', '\nExample:\n  $ windlass roles list --json\n')
    .action(async () => {
      await withRegistry(cli, 'roles list', async ({ access }) => {
        const grants = await access.grants();
        cli.output.result(grants, () => grantsText(grants));
      });
    });
  registerChange(roles, cli, 'grant');
  registerChange(roles, cli, 'revoke');
}
