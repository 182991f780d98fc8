import type { Kysely } from 'kysely';
import type { Clock } from '../../../ports/clock.ts';
import type { ModelImages } from '../../../ports/registry/images.ts';
import { appendAudit } from './audit-log.ts';
import { lockName } from '../lock-name.ts';
import { versionNumber } from './pipeline-versions.ts';
import { modelRow } from './promotion.ts';
import { json } from '../column-types.ts';
import type { Database } from '../schema.ts';

/** The images that a model version was packaged into; the newest counts. */
export function createModelImages(db: Kysely<Database>, clock: Clock): ModelImages {
  return {
    recordImage: ({ name, version }, image, by) =>
      db.transaction().execute(async (transaction) => {
        await lockName(transaction, 'model', name);
        const { version: number } = await modelRow(transaction, name, version);
        const newest = await transaction
          .selectFrom('model_images')
          .select(['digest', 'recorded_at'])
          .where('name', '=', name)
          .where('version', '=', number)
          .orderBy('recorded_at', 'desc')
          .executeTakeFirst();
        const content = {
          image: json(image),
          recorded_at: new Date(Math.max(clock.now().getTime(), (newest?.recorded_at.getTime() ?? 0) + 1)),
        };
        await transaction
          .insertInto('model_images')
          .values({ name, version: number, digest: image.digest, ...content })
          .onConflict((c) => c.columns(['name', 'version', 'digest']).doUpdateSet(content))
          .execute();
        if (newest?.digest === image.digest) return;
        await appendAudit(transaction, clock, {
          actor: by?.actor ?? 'windlass',
          reason: by?.reason ?? '',
          action: 'image.recorded',
          subject: `model/${name}@${number}`,
          details: { digest: image.digest, reference: image.reference, mode: image.mode },
        });
      }),

    image: async (name, version) => {
      const row = await db
        .selectFrom('model_images')
        .select('image')
        .where('name', '=', name)
        .where('version', '=', versionNumber(version) ?? 0)
        .orderBy('recorded_at', 'desc')
        .executeTakeFirst();
      return row?.image;
    },
  };
}
