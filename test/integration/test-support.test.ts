import pg from 'pg';
import { createDevServer } from '../support/dev-server.ts';
import { createTestDatabase } from '../support/postgres.ts';
import { createTimeSkippingEnvironment } from '../support/time-skipping.ts';
import { missingPart } from '../support/outside-parts.ts';
import { testUnless } from '../support/unless.ts';

async function query(url: string, text: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(text)).rows;
  } finally {
    await client.end();
  }
}

test('each test database has the migrations and is nobody else’s', async () => {
  const [first, second] = await Promise.all([createTestDatabase(), createTestDatabase()]);
  await query(first.url, 'CREATE TABLE only_here (x int)');
  expect(await query(second.url, "SELECT to_regclass('only_here') AS t")).toEqual([{ t: null }]);
  const applied = await query(second.url, 'SELECT count(*)::int AS n FROM windlass_migrations');
  expect(applied).toEqual([{ n: expect.any(Number) }]);
  await Promise.all([first.drop(), second.drop()]);
  await expect(query(first.url, 'SELECT 1')).rejects.toThrow(/does not exist/);
}, 60_000);

const timeTest = testUnless(await missingPart('temporal-test-server'));
timeTest(
  'the time-skipping server passes weeks in a moment',
  async () => {
    const environment = await createTimeSkippingEnvironment();
    try {
      const before = await environment.currentTimeMs();
      await environment.sleep('21 days');
      expect((await environment.currentTimeMs()) - before).toBeGreaterThanOrEqual(21 * 24 * 3_600_000);
    } finally {
      await environment.teardown();
    }
  },
  60_000,
);

test('the development server knows the search attributes', async () => {
  const environment = await createDevServer();
  try {
    const { customAttributes } = await environment.connection.operatorService.listSearchAttributes({
      namespace: 'default',
    });
    expect(Object.keys(customAttributes)).toContain('WindlassModel');
  } finally {
    await environment.teardown();
  }
}, 60_000);
