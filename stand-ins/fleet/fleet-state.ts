import type { DatabaseSync } from 'node:sqlite';
import { z } from 'zod';
import type { DeviceKeys } from './factory.ts';

/**
 * The module that a device has created, as its container engine would remember it over a power cut.
 */
const installedSchema = z.object({
  image: z.string(),
  /** Folder of the unpacked image. */
  folder: z.string(),
  imageHash: z.string(),
  /** The module's desired part that it was created from. */
  config: z.record(z.string(), z.unknown()),
  restartCount: z.number().int(),
});
export type Installed = z.infer<typeof installedSchema>;

const recordSchema = z.object({
  keys: z.object({ device: z.string(), agent: z.string(), scorer: z.string() }),
  online: z.boolean(),
  regime: z.string(),
  /** The pump's own time of its last row; null before the first. */
  clock: z.string().nullable(),
  installed: installedSchema.nullable(),
});
export type DeviceRecord = z.infer<typeof recordSchema>;

/** What the fleet remembers of each device over a restart of its process. */
export class FleetState {
  readonly #db: DatabaseSync;
  readonly #records = new Map<string, DeviceRecord>();
  readonly #dirty = new Set<string>();

  constructor(db: DatabaseSync) {
    this.#db = db;
    db.exec('CREATE TABLE IF NOT EXISTS devices (id TEXT PRIMARY KEY, record TEXT NOT NULL) STRICT');
    for (const row of db.prepare('SELECT id, record FROM devices').all())
      this.#records.set(String(row['id']), recordSchema.parse(JSON.parse(String(row['record']))));
  }

  keys(): Map<string, DeviceKeys> {
    return new Map([...this.#records].map(([id, record]) => [id, record.keys]));
  }

  get(id: string): DeviceRecord {
    const record = this.#records.get(id);
    if (!record) throw new Error(`device ${id} is not known`);
    return record;
  }

  /** Sets the keys of a device, which makes it known. */
  setKeys(id: string, keys: DeviceKeys): void {
    const record = this.#records.get(id);
    this.#records.set(
      id,
      record ? { ...record, keys } : { keys, online: true, regime: 'nominal', clock: null, installed: null },
    );
    this.#dirty.add(id);
  }

  /** Changes a record; `soon` leaves the writing to the next `save`. */
  update(id: string, change: Partial<Omit<DeviceRecord, 'keys'>>, soon = false): void {
    this.#records.set(id, { ...this.get(id), ...change });
    this.#dirty.add(id);
    if (!soon) this.save();
  }

  save(): void {
    if (this.#dirty.size === 0) return;
    const insert = this.#db.prepare('INSERT OR REPLACE INTO devices (id, record) VALUES (?, ?)');
    this.#db.exec('BEGIN');
    for (const id of this.#dirty) insert.run(id, JSON.stringify(this.#records.get(id)));
    this.#db.exec('COMMIT');
    this.#dirty.clear();
  }
}
