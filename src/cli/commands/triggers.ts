import type { Command } from 'commander';
import type { HooksConfig } from '../../config/schema.ts';
import type { Cli } from '../cli.ts';
import { table } from '../shared/output.ts';

/** A provider of webhooks: where it posts to, and whether its calls can be believed. */
interface HookInfo {
  readonly provider: string;
  readonly path: string;
  readonly ready: boolean;
  /** The variable that holds its secret. */
  readonly secret: string;
}

function hooksOf(hooks: HooksConfig): HookInfo[] {
  const path = (provider: string): string => `/api/v1/hooks/git/${provider}`;
  const signing = hooks.gitlabSigningToken !== undefined;
  return [
    {
      provider: 'github',
      path: path('github'),
      secret: 'WINDLASS_HOOKS_GITHUB_SECRET',
      ready: hooks.githubSecret !== undefined,
    },
    {
      provider: 'gitlab',
      path: path('gitlab'),
      secret: signing ? 'WINDLASS_HOOKS_GITLAB_SIGNING_TOKEN' : 'WINDLASS_HOOKS_GITLAB_TOKEN',
      ready: signing || hooks.gitlabToken !== undefined,
    },
    {
      provider: 'azure-devops',
      path: path('azure-devops'),
      secret: 'WINDLASS_HOOKS_AZURE_DEVOPS_SECRET',
      ready: hooks.azureDevopsSecret !== undefined,
    },
  ];
}

/** `windlass triggers list`: which pushes start a build, and which webhooks are taken. */
export function register(program: Command, cli: Cli): void {
  const triggers = program.command('triggers').description('which pushes start a build');
  triggers
    .command('list')
    .description('the triggers of the configuration, and whose webhooks are taken')
    .addHelpText(
      'after',
      `
Triggers are written in windlass.config.yaml:

  triggers:
    - { repository: https://git.example.com/acme/models.git, branch: main, project: pumps }

Examples:
  $ windlass triggers list
  $ windlass triggers list --json
`,
    )
    .action(async () => {
      const { values } = await cli.config();
      const hooks = hooksOf(values.hooks);
      const { triggers: listed } = values;
      cli.output.result({ triggers: listed, hooks }, () =>
        [
          listed.length === 0
            ? 'There is no trigger; `windlass triggers list --help` shows how to write one.'
            : table(
                ['REPOSITORY', 'BRANCH', 'PROJECT', 'DATA', 'DEPLOY'],
                listed.map(({ repository, branch, project, data, deploy }) => [
                  ...[repository, branch, project === '' ? '.' : project],
                  ...[data ?? 'as last time', deploy ?? 'as windlass.yaml says'],
                ]),
              ),
          '',
          table(
            ['WEBHOOK', 'POST', 'STATE'],
            hooks.map(({ provider, path, ready, secret }) => [
              ...[provider, path],
              ready ? 'taken' : `refused: ${secret} is not set`,
            ]),
          ),
        ].join('\n'),
      );
    });
}
