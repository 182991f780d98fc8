import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { openDatabase } from '../../src/adapters/postgres/database.ts';
import { migrate } from '../../src/adapters/postgres/migrate.ts';
import { freePort } from '../../src/local-system/ports.ts';
import { createEmptyDatabase } from '../support/postgres.ts';
import { projectSpec } from '../support/registry-fixtures.ts';

const SHIPPED = join(import.meta.dirname, '../../src/adapters/postgres/migrations');
let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'windlass-migrations-'));
  cpSync(SHIPPED, folder, { recursive: true });
});
afterEach(() => rmSync(folder, { recursive: true }));

async function withDatabase(run: (db: ReturnType<typeof openDatabase>, url: string) => Promise<void>) {
  const { url, drop } = await createEmptyDatabase();
  const db = openDatabase(url);
  try {
    await run(db, url);
  } finally {
    await db.destroy();
    await drop();
  }
}

test('every shipped migration is applied once, in order', () =>
  withDatabase(async (db) => {
    const first = await migrate(db);
    expect(first[0]).toBe('0001_registry.sql');
    expect(first).toEqual([...first].sort());
    expect(await migrate(db)).toEqual([]);
  }));

test('eight processes at once: one applies, the others find it done', () =>
  withDatabase(async (_db, url) => {
    const connections = Array.from({ length: 8 }, () => openDatabase(url));
    try {
      const applied = await Promise.all(connections.map((db) => migrate(db)));
      const counts = applied.map((names) => names.length).filter((n) => n > 0);
      expect(counts).toHaveLength(1);
    } finally {
      await Promise.all(connections.map((db) => db.destroy()));
    }
  }));

test('an applied migration that was edited is refused; one with other line ends is not', () =>
  withDatabase(async (db) => {
    writeFileSync(join(folder, '0900_extra.sql'), 'create table extra (\n  id integer\n);\n');
    await migrate(db, folder);
    writeFileSync(join(folder, '0900_extra.sql'), 'create table extra (\r\n  id integer\r\n);\r\n');
    expect(await migrate(db, folder)).toEqual([]);
    writeFileSync(join(folder, '0900_extra.sql'), 'create table extra (\n  id bigint\n);\n');
    await expect(migrate(db, folder)).rejects.toMatchObject({
      code: 'MIGRATION_MISMATCH',
      message: expect.stringContaining('0900_extra.sql'),
    });
  }));

test('a database of a newer version is refused', () =>
  withDatabase(async (db) => {
    writeFileSync(join(folder, '0900_extra.sql'), 'create table extra (id integer);');
    await migrate(db, folder);
    await expect(migrate(db)).rejects.toMatchObject({ code: 'MIGRATION_MISMATCH', hint: /newer/ });
  }));

test('a migration that fails leaves nothing behind, and runs after its repair', () =>
  withDatabase(async (db) => {
    const file = join(folder, '0900_extra.sql');
    writeFileSync(file, 'create table extra (id integer); create table extra (id integer);');
    await expect(migrate(db, folder)).rejects.toThrow(/already exists/);
    const { rows } = await sql<{ found: string | null }>`select to_regclass('extra')::text as found`.execute(
      db,
    );
    expect(rows[0]?.found).toBeNull();
    writeFileSync(file, 'create table extra (id integer);');
    expect(await migrate(db, folder)).toEqual(['0900_extra.sql']);
  }));

test.each(['0001_again.sql', 'later.sql'])('a wrongly numbered file %s is refused', (name) =>
  withDatabase(async (db) => {
    writeFileSync(join(folder, name), 'select 1;');
    await expect(migrate(db, folder)).rejects.toMatchObject({
      code: 'INTERNAL',
      message: expect.stringMatching(/number|NNNN/),
    });
  }),
);

test('no server at the address is DATABASE_UNAVAILABLE, without the password', async () => {
  const db = openDatabase(`postgres://windlass:s3cret@127.0.0.1:${await freePort()}/windlass`);
  const error: unknown = await migrate(db).catch((e: unknown) => e);
  expect(error).toMatchObject({ code: 'DATABASE_UNAVAILABLE' });
  expect(String(error)).not.toContain('s3cret');
  await db.destroy();
});

test('a connection that the server ends is DATABASE_UNAVAILABLE, and the next query works', () =>
  withDatabase(async (db) => {
    await expect(
      sql`select pg_terminate_backend(pg_backend_pid()), pg_sleep(5)`.execute(db),
    ).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE' });
    const { rows } = await sql<{ one: number }>`select 1 as one`.execute(db);
    expect(rows).toEqual([{ one: 1 }]);
  }));

test('a pipeline that 0.1.0 published is read in the shape of today', () =>
  withDatabase(async (db) => {
    const migrations = ['0006_device_calibrations.sql', '0019_spec_defaults.sql'];
    for (const migration of migrations) rmSync(join(folder, migration));
    await migrate(db, folder);
    const { model, evaluation, gates, registry: _registry, ...rest } = projectSpec();
    const { input: _input, calibration: _calibration, ...kept } = model;
    const { slices: _slices, guardrails: _guardrails, ...evaluated } = evaluation;
    const { controlFlow: _flow, maxStartMs: _start, maxMemoryMb: _memory, ...limits } = gates;
    const inputs = { window: 'window', calibrationMean: 'baseline_mean', calibrationStd: 'baseline_std' };
    const old = {
      ...rest,
      evaluation: { ...evaluated, folds: 5 },
      gates: { ...limits, maxSizeMb: 3 },
      model: { ...kept, calibrationRows: 400, inputs },
    };
    await sql`insert into pipelines (name, version, digest, commit, source, environment, spec, checks, created_at, created_by)
      values ('pump-health', 1, 'sha256:1', 'c', '{}', 'e', ${JSON.stringify(old)}, '[]', now(), 'ada')`.execute(
      db,
    );
    for (const migration of migrations) cpSync(join(SHIPPED, migration), join(folder, migration));
    expect(await migrate(db, folder)).toEqual(migrations);
    const { spec } = await db.selectFrom('pipelines').select('spec').executeTakeFirstOrThrow();
    expect(spec).toEqual(projectSpec({ evaluation: { folds: 5 }, gates: { maxSizeMb: 3 } }));
    await expect(sql`update pipelines set digest = 'x'`.execute(db)).rejects.toThrow(/append-only/);
  }));
