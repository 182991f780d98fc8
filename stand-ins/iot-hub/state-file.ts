import { DatabaseSync, type StatementSync } from 'node:sqlite';

/**
 * The hub's durable state: JSON by kind and key in one SQLite file. Writes are grouped: what is put
 * until the next turn of the event loop goes into one transaction, and `committed()` resolves when
 * it is on disk (it survives kill -9).
 */
export class StateFile {
  readonly #db: DatabaseSync;
  readonly #upsert: StatementSync;
  readonly #remove: StatementSync;
  #pending = new Map<string, { kind: string; key: string; value: unknown }>();
  #commit: Promise<void> | null = null;
  #closed = false;

  constructor(file: string) {
    this.#db = new DatabaseSync(file);
    this.#db.exec('PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;');
    this.#db.exec(
      'CREATE TABLE IF NOT EXISTS entry (kind TEXT NOT NULL, key TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (kind, key)) WITHOUT ROWID',
    );
    this.#upsert = this.#db.prepare(
      'INSERT INTO entry VALUES (?, ?, ?) ON CONFLICT (kind, key) DO UPDATE SET body = excluded.body',
    );
    this.#remove = this.#db.prepare('DELETE FROM entry WHERE kind = ? AND key = ?');
  }

  /** Every entry of a kind, as it was last put. */
  load<T>(kind: string): Array<[string, T]> {
    return this.#db
      .prepare('SELECT key, body FROM entry WHERE kind = ? ORDER BY key')
      .all(kind)
      .map((row) => [String(row['key']), JSON.parse(String(row['body'])) as T]);
  }

  /**
   * Notes the value to be written; `undefined` deletes. The value must not be changed afterwards.
   */
  put(kind: string, key: string, value: unknown): void {
    if (this.#closed) return;
    this.#pending.set(`${kind}\n${key}`, { kind, key, value });
    this.#commit ??= new Promise((resolve, reject) => {
      setImmediate(() => {
        this.#commit = null;
        try {
          this.#write();
          resolve();
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)));
        }
      });
    });
  }

  /** Resolves when everything put so far is durable. */
  async committed(): Promise<void> {
    await this.#commit;
  }

  close(): void {
    if (this.#closed) return;
    this.#write();
    this.#closed = true;
    this.#db.close();
  }

  #write(): void {
    if (this.#closed || this.#pending.size === 0) return;
    const pending = this.#pending;
    this.#pending = new Map();
    this.#db.exec('BEGIN');
    for (const { kind, key, value } of pending.values())
      if (value === undefined) this.#remove.run(kind, key);
      else this.#upsert.run(kind, key, JSON.stringify(value));

    this.#db.exec('COMMIT');
  }
}
