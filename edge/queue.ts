import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { transaction } from './database.ts';

/** Higher is kept longer when the disk quota is reached. */
export const PRIORITY = { summary: 5 } as const;

export interface QueueEntry {
  readonly device: string;
  /** Digest of the model that the message is about. */
  readonly model: string;
  /** Schema of the body, sent as a message property. */
  readonly schema: string;
  readonly priority: number;
  /** The message for the sequence number that it gets. */
  body(seq: number): unknown;
  /**
   * Given when the message already has its number; one that was queued before is not queued again.
   */
  readonly seq?: number;
}

export interface QueueItem {
  readonly id: number;
  readonly device: string;
  readonly model: string;
  readonly schema: string;
  readonly seq: number;
  /** JSON. */
  readonly body: string;
}

export interface QueueStats {
  readonly waiting: number;
  readonly bytes: number;
  /** Messages given up since the beginning because the quota was reached. */
  readonly evicted: number;
}

export interface QueueOptions {
  /** Bytes of message bodies per device. */
  readonly maxBytes?: number;
  /** How long a commit may wait for others to join it, in ms. */
  readonly commitMs?: number;
  readonly maxBatch?: number;
}

interface Pending {
  readonly entry: QueueEntry;
  resolve(seq: number): void;
  reject(error: unknown): void;
}

interface DeviceState {
  waiting: number;
  bytes: number;
  evicted: number;
}

const SCHEMA = `
CREATE TABLE IF NOT EXISTS messages (
  id INTEGER PRIMARY KEY AUTOINCREMENT, device TEXT NOT NULL, model TEXT NOT NULL, seq INTEGER NOT NULL,
  schema TEXT NOT NULL, priority INTEGER NOT NULL, bytes INTEGER NOT NULL, body TEXT NOT NULL,
  UNIQUE (device, model, seq)) STRICT;
CREATE INDEX IF NOT EXISTS messages_by_device ON messages (device, id);
CREATE TABLE IF NOT EXISTS counters (
  device TEXT NOT NULL, model TEXT NOT NULL, next INTEGER NOT NULL, PRIMARY KEY (device, model)) STRICT;
CREATE TABLE IF NOT EXISTS evictions (device TEXT PRIMARY KEY, n INTEGER NOT NULL) STRICT;`;

/**
 * Messages on disk until the hub has them: in order per device, numbered per (device, model)
 * without gap or repeat, within a quota. Several appends share one commit. An append that resolved
 * survives `kill -9`.
 */
export class StoreAndForward {
  readonly #db: DatabaseSync;
  readonly #maxBytes: number;
  readonly #commitMs: number;
  readonly #maxBatch: number;
  readonly #devices = new Map<string, DeviceState>();
  readonly #listeners = new Map<string, () => void>();
  readonly #sql: Record<
    'next' | 'setNext' | 'insert' | 'peek' | 'remove' | 'oldest' | 'evicted',
    StatementSync
  >;
  #pending: Pending[] = [];
  #done: number[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(db: DatabaseSync, options: QueueOptions = {}) {
    this.#db = db;
    this.#maxBytes = options.maxBytes ?? 64 * 1024 * 1024;
    this.#commitMs = options.commitMs ?? 50;
    this.#maxBatch = options.maxBatch ?? 256;
    db.exec(SCHEMA);
    this.#sql = {
      next: db.prepare('SELECT next FROM counters WHERE device = ? AND model = ?'),
      setNext: db.prepare('INSERT OR REPLACE INTO counters (device, model, next) VALUES (?, ?, ?)'),
      insert: db.prepare(
        'INSERT INTO messages (device, model, seq, schema, priority, bytes, body) VALUES (?, ?, ?, ?, ?, ?, ?)',
      ),
      peek: db.prepare(
        'SELECT id, device, model, schema, seq, body FROM messages WHERE device = ? ORDER BY id LIMIT ?',
      ),
      remove: db.prepare('DELETE FROM messages WHERE id = ? RETURNING device, bytes'),
      oldest: db.prepare('SELECT id FROM messages WHERE device = ? ORDER BY priority, id LIMIT 1'),
      evicted: db.prepare(
        'INSERT INTO evictions (device, n) VALUES (?, 1) ON CONFLICT (device) DO UPDATE SET n = n + 1',
      ),
    };
    this.#count();
  }

  /** Queues a message; resolves with its sequence number when it is on disk. */
  append(entry: QueueEntry): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#pending.push({ entry, resolve, reject });
      this.#schedule(this.#pending.length >= this.#maxBatch);
    });
  }

  /** The oldest messages of a device, in order. */
  peek(device: string, limit: number): QueueItem[] {
    if (this.#done.length > 0) this.flush();
    return this.#sql.peek.all(device, limit).map((row) => ({
      id: Number(row['id']),
      device: String(row['device']),
      model: String(row['model']),
      schema: String(row['schema']),
      seq: Number(row['seq']),
      body: String(row['body']),
    }));
  }

  /**
   * Forgets messages that the hub has taken. After a crash before the commit they are sent again.
   */
  acknowledge(ids: readonly number[]): void {
    if (ids.length === 0) return;
    this.#done.push(...ids);
    this.#schedule(this.#done.length >= this.#maxBatch);
  }

  stats(device: string): QueueStats {
    return { ...this.#state(device) };
  }

  /** Calls back after each commit that brought messages of a device; one listener per device. */
  onAppend(device: string, listener: (() => void) | null): void {
    if (listener) this.#listeners.set(device, listener);
    else this.#listeners.delete(device);
  }

  /** Commits at once what is waiting to be committed. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const pending = this.#pending;
    const done = this.#done;
    this.#pending = [];
    this.#done = [];
    if (pending.length === 0 && done.length === 0) return;
    let numbers: number[];
    try {
      numbers = transaction(this.#db, () => {
        for (const id of done) this.#remove(id);
        return pending.map(({ entry }) => this.#insert(entry));
      });
    } catch (error) {
      this.#count(); // the transaction did not happen
      this.#done.push(...done);
      for (const { reject } of pending) reject(error);
      return;
    }
    for (const [i, { resolve }] of pending.entries()) resolve(numbers[i] as number);
    for (const device of new Set(pending.map((p) => p.entry.device))) this.#listeners.get(device)?.();
  }

  close(): void {
    this.flush();
    this.#db.close();
  }

  #schedule(now: boolean): void {
    if (now) this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), this.#commitMs);
  }

  /** Reads the counts of all devices from the database. */
  #count(): void {
    this.#devices.clear();
    const messages = 'SELECT device, count(*) AS n, sum(bytes) AS b FROM messages GROUP BY device';
    for (const row of this.#db.prepare(messages).all())
      Object.assign(this.#state(String(row['device'])), {
        waiting: Number(row['n']),
        bytes: Number(row['b']),
      });

    for (const row of this.#db.prepare('SELECT device, n FROM evictions').all())
      this.#state(String(row['device'])).evicted = Number(row['n']);
  }

  #state(device: string): DeviceState {
    let state = this.#devices.get(device);
    if (!state) this.#devices.set(device, (state = { waiting: 0, bytes: 0, evicted: 0 }));
    return state;
  }

  #insert(entry: QueueEntry): number {
    const { device, model, schema, priority } = entry;
    const next = Number(this.#sql.next.get(device, model)?.['next'] ?? 0);
    const seq = entry.seq ?? next;
    if (seq < next) return seq; // queued before: still here, or already sent
    const body = JSON.stringify(entry.body(seq));
    const bytes = Buffer.byteLength(body);
    this.#sql.insert.run(device, model, seq, schema, priority, bytes, body);
    this.#sql.setNext.run(device, model, seq + 1);
    const state = this.#state(device);
    state.waiting += 1;
    state.bytes += bytes;
    while (state.bytes > this.#maxBytes && state.waiting > 0) {
      this.#remove(Number(this.#sql.oldest.get(device)?.['id']));
      this.#sql.evicted.run(device);
      state.evicted += 1;
    }
    return seq;
  }

  #remove(id: number): void {
    const row = this.#sql.remove.get(id);
    if (!row) return;
    const state = this.#state(String(row['device']));
    state.waiting -= 1;
    state.bytes -= Number(row['bytes']);
  }
}
