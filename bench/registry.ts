/**
 * How fast the registry answers: node bench/registry.ts [--versions 10000] [--rounds 40] [--json].
 * Starts its own PostgreSQL.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { sql } from 'kysely';
import { openDatabase } from '../src/adapters/postgres/database.ts';
import { migrate } from '../src/adapters/postgres/migrate.ts';
import { createRegistry } from '../src/adapters/postgres/registry/registry.ts';
import { createRetention } from '../src/adapters/postgres/registry/retention.ts';
import { modelSearchSchema } from '../src/contracts/model/model-search.ts';
import { seededRandom } from '../src/base/random.ts';
import { systemClock } from '../src/base/clock.ts';
import { freePort } from '../src/local-system/ports.ts';
import { startPostgresServer } from '../src/local-system/postgres-server.ts';
import { dataRef, digestOf, pipelineVersion, registration } from '../test/support/registry-fixtures.ts';

const text = { type: 'string' } as const;
const { values } = parseArgs({
  options: { versions: text, rounds: text, json: { type: 'boolean', default: false } },
});
const versions = Number(values.versions ?? 10_000);
const rounds = Number(values.rounds ?? 40);
/** What must show: at most this at the median, in milliseconds. */
const LIMIT_MS = 50;
const MODELS = 20;
const DATA_SETS = 200;
const FILES = 40;
const BY = { actor: 'bench', reason: 'bench' };
const random = seededRandom(7);

const stateDir = mkdtempSync(join(tmpdir(), 'windlass-registry-bench-'));
const server = await startPostgresServer({
  stateDir,
  port: await freePort(),
  restart: false,
  settings: ['synchronous_commit=off'],
});
const db = openDatabase(server.url);
const registry = createRegistry(db, systemClock);
await migrate(db);

/** Gates with evidence, as a build leaves them: a registration of some 12 KB. */
function gates() {
  const evidence = {
    rows: Array.from({ length: 12 }, (_, i) => ({ row: i, value: random(), file: `p/${i}.csv` })),
  };
  return Array.from({ length: 16 }, (_, i) => ({
    name: `gate-${i}`,
    status: 'pass',
    observed: random(),
    threshold: 1,
    n: 1000,
    evidence,
    reason: 'within the limit',
  })) as never;
}

async function fill(): Promise<void> {
  await registry.publishPipeline(pipelineVersion(), BY);
  for (let d = 0; d < DATA_SETS; d += 1)
    await registry.recordData(
      dataRef(`data ${d}`),
      Array.from({ length: FILES }, (_, f) => ({
        path: `p/${f}.csv`,
        sha256: digestOf(`${d} ${f}`).slice(7),
        rows: 1000,
      })),
    );
  let next = 0;
  const work = async (): Promise<void> => {
    for (let i = next++; i < versions; i = next++) {
      const base = registration(`m${i}`);
      const metrics = { ...base.metrics, f1: random(), slices: { north: { f1: random() } } };
      const model = await registry.registerModel(
        {
          ...base,
          name: `model-${i % MODELS}`,
          metrics,
          gates: gates(),
          data: dataRef(`data ${i % DATA_SETS}`),
        },
        BY,
      );
      const tags = { site: `site-${i % 50}`, ticket: `T-${i}` };
      await registry.setTags({ name: model.name, version: model.version, tags }, BY);
    }
  };
  await Promise.all(Array.from({ length: 8 }, work));
  for (let m = 0; m < MODELS; m += 1)
    await registry.setAlias({ name: `model-${m}`, alias: 'champion', version: '1' }, BY);
  await sql`analyze`.execute(db);
}

interface Measured {
  readonly what: string;
  readonly p50: number;
  readonly p95: number;
  readonly rows: number;
}

async function measure(what: string, call: (round: number) => Promise<number>): Promise<Measured> {
  const times: number[] = [];
  let rows = 0;
  for (let round = 0; round < rounds; round += 1) {
    const started = performance.now();
    rows = await call(round);
    times.push(performance.now() - started);
  }
  times.sort((a, b) => a - b);
  const at = (share: number): number =>
    times[Math.min(times.length - 1, Math.floor(share * times.length))] ?? 0;
  return { what, p50: at(0.5), p95: at(0.95), rows };
}

const search = (what: string, query: (round: number) => Record<string, unknown>): Promise<Measured> =>
  measure(what, async (round) => {
    const asked = modelSearchSchema.parse({ limit: 100, ...query(round) });
    return (await registry.search(asked)).length;
  });

try {
  const started = performance.now();
  await fill();
  const seconds = (performance.now() - started) / 1000;
  const results = [
    await search('list, newest 100', () => ({})),
    await search('list of one model', (i) => ({ name: `model-${i % MODELS}` })),
    await search('alias champion', () => ({ alias: 'champion' })),
    await search('metric f1>=0.99', () => ({ metric: 'f1>=0.99' })),
    await search('metric slices.north.f1>0.995', () => ({ metric: 'slices.north.f1>0.995' })),
    await search('two metrics that nothing meets', () => ({ metric: ['auc>2', 'f1>2'] })),
    await search('tag site=…', (i) => ({ tag: `site=site-${i % 50}` })),
    await search('tag ticket=…', (i) => ({ tag: `ticket=T-${i * 7}` })),
    await search('digest, whole', (i) => ({ digest: digestOf(`onnx m${i}`) })),
    await search('digest, its beginning', (i) => ({ digest: digestOf(`onnx m${i}`).slice(0, 19) })),
    await search('data file', (i) => ({ data: digestOf(`${i} 3`).slice(7) })),
    await search('state rejected', () => ({ state: 'rejected' })),
    await search('text', (i) => ({ text: `build-m${i}` })),
    await measure('lineage', async (i) => {
      const lineage = await registry.lineage(`model-${i % MODELS}`, String(1 + i));
      return lineage.data.length;
    }),
    await measure(
      'audit of a version',
      async (i) => (await registry.audit({ subject: `model/model-1@${1 + i}` })).length,
    ),
  ];
  const planned = performance.now();
  const artefacts = { stat: async () => undefined, remove: async () => undefined };
  const retention = createRetention(db, { clock: { now: () => new Date(Date.now() + 1e10) }, artefacts });
  const { go } = await retention.plan({ keep: 10, olderThanDays: 90 });
  const planSeconds = (performance.now() - planned) / 1000;
  const slow = results.filter((r) => r.p50 > LIMIT_MS);
  if (values.json) {
    process.stdout.write(`${JSON.stringify({ versions, seconds, results, planSeconds }, undefined, 2)}\n`);
  } else {
    process.stdout.write(`${versions} versions registered and tagged in ${seconds.toFixed(0)} s\n`);
    for (const { what, p50, p95, rows } of results)
      process.stdout.write(
        `${what.padEnd(34)} p50 ${p50.toFixed(1).padStart(6)} ms  p95 ${p95.toFixed(1).padStart(6)} ms  ${rows} rows\n`,
      );
    process.stdout.write(`retention plan for ${go.length} versions that go: ${planSeconds.toFixed(1)} s\n`);
    process.stdout.write(
      slow.length === 0
        ? `all medians are under ${LIMIT_MS} ms\n`
        : `over ${LIMIT_MS} ms: ${slow.map((r) => r.what).join(', ')}\n`,
    );
  }
  process.exitCode = slow.length === 0 ? 0 : 1;
} finally {
  await db.destroy();
  await server.stop();
  rmSync(stateDir, { recursive: true });
}
