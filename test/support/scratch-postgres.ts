import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { freePort } from '../../src/services/ports.ts';
import { startPostgresServer } from '../../src/services/postgres-server.ts';

export interface ScratchPostgres {
  /** Creates an empty database and gives its URL. */
  database(): Promise<string>;
  stop(): Promise<void>;
}

/** A PostgreSQL server of one test file's own, gone after `stop()`. */
export async function scratchPostgres(): Promise<ScratchPostgres> {
  const stateDir = mkdtempSync(join(tmpdir(), 'windlass-postgres-'));
  const server = await startPostgresServer({
    stateDir,
    port: await freePort(),
    settings: ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off'],
  });
  let count = 0;
  return {
    database: async () => {
      count += 1;
      const name = `scratch_${count}`;
      const client = new pg.Client({ connectionString: server.url });
      await client.connect();
      try {
        await client.query(`CREATE DATABASE ${name}`);
      } finally {
        await client.end();
      }
      return server.url.replace(/\/[^/]+$/, `/${name}`);
    },
    stop: async () => {
      await server.stop();
      rmSync(stateDir, { recursive: true, force: true });
    },
  };
}
