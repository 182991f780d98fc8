import type { Kysely } from 'kysely';
import type { Clock } from '../../../ports/clock.ts';
import type { Calibrations } from '../../../ports/registry/calibrations.ts';
import { appendAudit } from './audit-log.ts';
import { versionNumber } from './pipeline-versions.ts';
import { modelRow } from './promotion.ts';
import { json } from '../column-types.ts';
import type { Database } from '../schema.ts';

/** Calibrations by model version and device; the newest counts, all are kept. */
export function createDeviceCalibrations(db: Kysely<Database>, clock: Clock): Calibrations {
  return {
    recordCalibration: ({ name, version }, calibration, by) =>
      db.transaction().execute(async (transaction) => {
        const { version: number } = await modelRow(transaction, name, version);
        const { device, id, rows, dataSha256, fittedAt } = calibration;
        const fitted = {
          fitted_at: new Date(fittedAt),
          fitted_by: by.actor,
          data_sha256: dataSha256,
          document: json(calibration.document),
        };
        await transaction
          .insertInto('device_calibrations')
          .values({
            name,
            device,
            rows,
            ...fitted,
            version: number,
            calibration: id,
          })
          .onConflict((c) => c.columns(['name', 'version', 'device', 'calibration']).doUpdateSet(fitted))
          .execute();
        await appendAudit(transaction, clock, {
          ...by,
          action: 'device.calibrated',
          subject: `device/${device}`,
          details: {
            model: `${name}@${number}`,
            calibration: id,
            document: calibration.document.digest,
            rows,
            dataSha256,
          },
        });
      }),

    calibrations: async ({ device, model }) => {
      const rows = await db
        .selectFrom('device_calibrations')
        .selectAll()
        .$if(device !== undefined, (query) => query.where('device', '=', device ?? ''))
        .$if(model !== undefined, (query) =>
          query
            .where('name', '=', model?.name ?? '')
            .where('version', '=', versionNumber(model?.version ?? '') ?? 0),
        )
        .orderBy('fitted_at', 'desc')
        .orderBy('device')
        .execute();
      return rows.map((row) => ({
        model: { name: row.name, version: String(row.version) },
        device: row.device,
        id: row.calibration,
        document: row.document,
        rows: row.rows,
        dataSha256: row.data_sha256,
        fittedAt: row.fitted_at.toISOString(),
        fittedBy: row.fitted_by,
      }));
    },
  };
}
