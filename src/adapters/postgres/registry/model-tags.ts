import type { Kysely, Transaction } from 'kysely';
import type { Actor } from '../../../contracts/audit.ts';
import { WindlassError } from '../../../errors/windlass-error.ts';
import type { Clock } from '../../../ports/clock.ts';
import { appendAudit } from './audit-log.ts';
import { lockName } from '../lock-name.ts';
import { versionNumber } from './pipeline-versions.ts';
import { modelRow } from './promotion.ts';
import type { Database } from '../schema.ts';

/** Longest value of a tag, in characters: a tag is for finding, an artefact is for keeping. */
const LONGEST = 5_000;

interface TagChange {
  readonly name: string;
  readonly version: string;
  readonly tags: Readonly<Record<string, string | null>>;
  readonly by: Actor;
}

/** Sets the tags of a version, which are free words to find it by; null removes one. */
export async function setTags(
  transaction: Transaction<Database>,
  clock: Clock,
  { name, version, tags, by }: TagChange,
): Promise<void> {
  const entries = Object.entries(tags);
  for (const [key, value] of entries) checkTag(key, value);
  await lockName(transaction, 'model', name);
  const model = await modelRow(transaction, name, version);
  for (const [key, value] of entries)
    if (value === null) {
      await transaction
        .deleteFrom('model_tags')
        .where('name', '=', name)
        .where('version', '=', model.version)
        .where('key', '=', key)
        .execute();
    } else {
      const content = { value, set_at: clock.now(), set_by: by.actor };
      await transaction
        .insertInto('model_tags')
        .values({ name, version: model.version, key, ...content })
        .onConflict((c) => c.columns(['name', 'version', 'key']).doUpdateSet(content))
        .execute();
    }
  if (entries.length === 0) return;
  await appendAudit(transaction, clock, {
    ...by,
    action: 'model.tagged',
    subject: `model/${name}@${version}`,
    details: { tags },
  });
}

/** The tags of a version, by key; none for a version that does not exist. */
export async function readTags(
  db: Kysely<Database>,
  name: string,
  version: string,
): Promise<Record<string, string>> {
  const rows = await db
    .selectFrom('model_tags')
    .select(['key', 'value'])
    .where('name', '=', name)
    .where('version', '=', versionNumber(version) ?? 0)
    .orderBy('key')
    .execute();
  return Object.fromEntries(rows.map(({ key, value }) => [key, value]));
}

function checkTag(key: string, value: string | null): void {
  if (!/^[\w][\w.:/ -]{0,249}$/.test(key))
    throw new WindlassError('INPUT_INVALID', `"${key}" cannot be the name of a tag.`, {
      hint: 'Letters, digits and . _ : / - are good, up to 250 of them, e.g. site=north.',
    });
  if (value !== null && value.length > LONGEST)
    throw new WindlassError('INPUT_INVALID', `The tag ${key} is longer than ${LONGEST} characters.`);
}
