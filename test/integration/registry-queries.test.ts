import { Kysely, PostgresDialect } from 'kysely';
import type { CompiledQuery } from 'kysely';
import pg from 'pg';
import { createRegistry } from '../../src/adapters/postgres/registry/registry.ts';
import type { Database } from '../../src/adapters/postgres/schema.ts';
import { modelSearchSchema } from '../../src/contracts/model/model-search.ts';
import { systemClock } from '../../src/base/clock.ts';
import type { Registry } from '../../src/ports/registry/registry.ts';
import { digestOf, pipelineVersion, registration } from '../support/registry-fixtures.ts';
import { createTestDatabase } from '../support/postgres.ts';
import type { TestDatabase } from '../support/postgres.ts';

const BY = { actor: 'ada', reason: 'because' };
let database: TestDatabase;
let db: Kysely<Database>;
let registry: Registry;
let queries: CompiledQuery[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
  const pool = new pg.Pool({ connectionString: database.url, max: 1, options: '-c enable_seqscan=off' });
  db = new Kysely<Database>({
    dialect: new PostgresDialect({ pool }),
    log: (event) => {
      queries.push(event.query);
    },
  });
  registry = createRegistry(db, systemClock);
  await registry.publishPipeline(pipelineVersion(), BY);
  for (const words of ['one', 'two']) await registry.registerModel(registration(words), BY);
  await registry.setAlias({ name: 'pump-health', alias: 'champion', version: '1' }, BY);
});
afterAll(async () => {
  await db?.destroy();
  await database?.drop();
});

/** The statements that some work sends. */
async function statements(work: () => Promise<unknown>): Promise<CompiledQuery[]> {
  queries = [];
  await work();
  return queries;
}

async function planOf({ sql, parameters }: CompiledQuery): Promise<string> {
  const client = new pg.Client({ connectionString: database.url, options: '-c enable_seqscan=off' });
  await client.connect();
  try {
    const { rows } = await client.query<{ 'QUERY PLAN': string }>(`explain ${sql}`, [...parameters]);
    return rows.map((row) => row['QUERY PLAN']).join('\n');
  } finally {
    await client.end();
  }
}

describe('what the registry asks of the database', () => {
  test.each([
    ['list', {}, /models_newest\b/],
    ['name', { name: 'pump-health' }, /models_newest_by_name|models_pkey/],
    ['state', { state: 'registered' }, /models_newest_by_state/],
    ['digest', { digest: digestOf('onnx one') }, /models_digest/],
    ['F1', { metric: 'f1>=0.99' }, /models_f1/],
    ['tag', { tag: 'site=north' }, /model_tags_value/],
    ['data', { data: digestOf('a file').slice(7) }, /data_files_sha256/],
  ])(
    'a search by %s is one statement, has an index, and reads no registration',
    async (_by, query, index) => {
      const asked = modelSearchSchema.parse({ limit: 100, ...query });
      const sent = await statements(() => registry.search(asked));
      expect(sent).toHaveLength(1);
      expect(sent[0]?.sql).not.toContain('registration');
      expect(await planOf(sent[0]!)).toMatch(index);
    },
  );

  test('what was in production on a date, and who approved it, is one statement; lineage is a fixed number', async () => {
    const at = () => registry.aliasAt('pump-health', 'champion', new Date());
    expect(await statements(at)).toHaveLength(1);
    expect(await statements(() => registry.lineage('pump-health', '1'))).toHaveLength(7);
  });
});
