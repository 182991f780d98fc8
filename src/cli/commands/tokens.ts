import type { Command } from 'commander';
import { tokenRequestSchema } from '../../contracts/roles.ts';
import { parseInput } from '../../errors/parse-input.ts';
import type { ApiToken } from '../../ports/access.ts';
import type { Cli } from '../cli.ts';
import { table } from '../shared/output.ts';
import { actorOf, byOptions, withRegistry } from '../shared/with-registry.ts';
import type { ByOptions } from '../shared/with-registry.ts';
import { minute } from '../shared/words.ts';

function tokensText(tokens: readonly ApiToken[]): string {
  if (tokens.length === 0) return 'There is no token.';
  return table(
    ['ID', 'ACTOR', 'CREATED', 'BY', 'EXPIRES', 'REVOKED'],
    tokens.map((t) => [
      t.id,
      t.actor,
      minute(t.createdAt),
      t.createdBy,
      minute(t.expiresAt),
      minute(t.revokedAt),
    ]),
  );
}

function registerCreate(tokens: Command, cli: Cli): void {
  const command = tokens
    .command('create')
    .description('make a token for a person or a service; it is shown once')
    .argument('<who>', 'whose token it is: their roles count')
    .option('--expires <time>', 'until when it is good (default: until it is revoked)');
  byOptions(command)
    .addHelpText(
      'after',
      `
Examples:
  $ windlass tokens create bob --expires 2027-01-01
  $ windlass tokens create ci --json | jq -r .token
`,
    )
    .action(async (who: string, options: ByOptions & { expires?: string }) => {
      const asked = parseInput(
        tokenRequestSchema,
        { actor: who, expiresAt: options.expires },
        { what: 'The token' },
      );
      const by = actorOf(options);
      await withRegistry(cli, 'tokens create', async ({ access }) => {
        await access.check(by.actor, { action: 'administer' });
        const made = await access.createToken(asked, by);
        cli.output.note(`The token of ${who}; it is not shown again, and only its hash is kept:`);
        cli.output.result(made, () => made.token);
      });
    });
}

function registerRevoke(tokens: Command, cli: Cli): void {
  const command = tokens
    .command('revoke')
    .description('make a token useless at once')
    .argument('<id>', 'as `tokens list` shows it');
  byOptions(command)
    .addHelpText('after', '\nExample:\n  $ windlass tokens revoke 3fa9c1d2 --reason "laptop lost"\n')
    .action(async (id: string, options: ByOptions) => {
      const by = actorOf(options);
      await withRegistry(cli, 'tokens revoke', async ({ access }) => {
        await access.check(by.actor, { action: 'administer' });
        const token = await access.revokeToken(id, by);
        cli.output.result(token, () => `The token ${id} of ${token.actor} is revoked.`);
      });
    });
}

/** `windlass tokens list|create|revoke`. */
export function register(program: Command, cli: Cli): void {
  const tokens = program
    .command('tokens')
    .description('tokens of the HTTP API, by whose roles it knows people');
  tokens
    .command('list')
    .description('tokens, without their secrets')
    .addHelpText('after', '\nExample:\n  $ windlass tokens list --json\n')
    .action(async () => {
      await withRegistry(cli, 'tokens list', async ({ access }) => {
        const all = await access.tokens();
        cli.output.result(all, () => tokensText(all));
      });
    });
  registerCreate(tokens, cli);
  registerRevoke(tokens, cli);
}
