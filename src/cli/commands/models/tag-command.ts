import type { Command } from 'commander';
import { WindlassError } from '../../../errors/windlass-error.ts';
import type { Cli } from '../../cli.ts';
import { actorOf, byOptions, withRegistry } from '../../shared/with-registry.ts';
import type { ByOptions } from '../../shared/with-registry.ts';
import { findStanding } from '../../../application/find-model.ts';

/** `key=value` sets a tag, `key-` removes it. */
function parseTag(text: string): [string, string | null] {
  const at = text.indexOf('=');
  if (at > 0) return [text.slice(0, at), text.slice(at + 1)];
  if (text.length > 1 && text.endsWith('-')) return [text.slice(0, -1), null];
  throw new WindlassError('INPUT_INVALID', `"${text}" is not a tag.`, {
    hint: 'Write key=value to set a tag, key- to remove it.',
  });
}

/** `windlass models tag`. */
export function registerTag(models: Command, cli: Cli): void {
  const command = models
    .command('tag')
    .description('set or remove tags of a version, to find it by; without any it shows them')
    .argument('<model>', 'name@version or name@alias, e.g. pump-health@3')
    .argument('[tags...]', 'key=value sets, key- removes');
  byOptions(command)
    .addHelpText(
      'after',
      `
Examples:
  $ windlass models tag pump-health@3 site=north ticket=OPS-17
  $ windlass models tag pump-health@3 ticket-
  $ windlass models list --tag site=north
`,
    )
    .action(async (reference: string, texts: string[], options: ByOptions) => {
      const by = actorOf(options);
      const tags = Object.fromEntries(texts.map(parseTag));
      await withRegistry(cli, 'models tag', async ({ registry }) => {
        const { name, version } = await findStanding(registry, reference);
        if (texts.length > 0) await registry.setTags({ name, version, tags }, by);
        const now = await registry.tags(name, version);
        const lines = Object.entries(now).map(([key, value]) => `${key}=${value}`);
        cli.output.result({ name, version, tags: now }, () =>
          lines.length === 0 ? `${name}@${version} has no tags.` : lines.join('\n'),
        );
      });
    });
}
