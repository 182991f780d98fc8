import { randomBytes } from 'node:crypto';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { Kysely } from 'kysely';
import pino from 'pino';
import { z } from 'zod';
import { createFileArtefactStore } from '../../src/adapters/blob/file-artefact-store.ts';
import { createAccess } from '../../src/adapters/postgres/access/access.ts';
import { openDatabase } from '../../src/adapters/postgres/database.ts';
import { createHookDeliveries } from '../../src/adapters/postgres/hooks/hook-deliveries.ts';
import { createMlflowStores } from '../../src/adapters/postgres/mlflow/mlflow-stores.ts';
import { createMonitorStore } from '../../src/adapters/postgres/monitoring/monitor-store.ts';
import { createRegistry } from '../../src/adapters/postgres/registry/registry.ts';
import { createRolloutStore } from '../../src/adapters/postgres/rollout/rollout-store.ts';
import type { Database } from '../../src/adapters/postgres/schema.ts';
import { createPipelineStarter } from '../../src/adapters/temporal/pipeline-starter.ts';
import { createApi } from '../../src/api/app.ts';
import { systemClock } from '../../src/base/clock.ts';
import { WORKFLOWS } from '../../src/contracts/names.ts';
import { rolloutPolicySchema } from '../../src/contracts/rollout/policy.ts';
import { createDevServer } from '../support/dev-server.ts';
import { createTestDatabase } from '../support/postgres.ts';
import type { TestDatabase } from '../support/postgres.ts';
import { artefact, packagedImage, pipelineVersion, registration } from '../support/registry-fixtures.ts';
import { tempFolder } from '../support/temp-folder.ts';
import '../support/quiet-temporal.ts';

type Schema = Readonly<Record<string, unknown>>;
interface Answer {
  readonly content?: Readonly<Record<string, { readonly schema?: Schema }>>;
}
interface Document {
  readonly paths: Readonly<
    Record<string, Readonly<Record<string, { readonly responses: Readonly<Record<string, Answer>> }>>>
  >;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

const BY = { actor: 'ada', reason: 'because' };
const RUN = { workflowId: 'w', runId: 'r' };
const GATE = { name: 'g', status: 'pass', observed: 1, threshold: 2, n: 3, reason: '' } as const;
const authorization = `Bearer ${randomBytes(16).toString('hex')}`;
const folder = tempFolder('api-document');
let env: TestWorkflowEnvironment;
let database: TestDatabase;
let db: Kysely<Database>;
let api: ReturnType<typeof createApi>;
let document: Document;
/** The parts of a path in braces, for every GET route that has some. */
let values: Record<string, Record<string, string>>;

beforeAll(async () => {
  env = await createDevServer();
  database = await createTestDatabase();
  db = openDatabase(database.url);
  const clock = systemClock;
  const registry = createRegistry(db, clock);
  const access = createAccess(db, clock);
  const artefacts = createFileArtefactStore(folder.path);
  const rollouts = createRolloutStore(db, clock);
  const reports = createMonitorStore(db);
  const starter = createPipelineStarter(env.client);
  api = createApi({
    registry,
    access,
    artefacts,
    rollouts,
    reports,
    starter,
    hooks: {
      settings: { debounceSeconds: 1 },
      triggers: [],
      deliveries: createHookDeliveries(db, clock),
      clock,
    },
    mlflow: createMlflowStores(db, clock),
    temporal: env.client,
    probes: { database: () => Promise.resolve() },
    logger: pino({ level: 'silent' }),
    token: authorization.slice('Bearer '.length),
  });
  document = (await (await ask('/openapi.json')).json()) as Document;

  const one = registration('one');
  const data = { ...one.data, columns: ['Pressure'], from: null, to: null, devices: 2 };
  const report = artefact('report', 'application/json');
  await registry.publishPipeline(pipelineVersion(), BY);
  await registry.recordData(data, [{ path: 'p/1.csv', sha256: 'f1', rows: 1000 }]);
  await registry.registerModel(
    {
      ...one,
      data,
      gates: [{ ...GATE, evidence: { rows: [1, 2] } }],
      search: { report, folds: [0], data },
      optimisation: { kept: 'graph', from: one.digest, report, parityTolerance: 0.01 },
      metrics: { ...one.metrics, auc: NaN, brier: 0.1, ece: 0.1, costPerDeviceDay: 1 },
    },
    BY,
  );
  const unknown = { golden: null, baseline: null, pipeline: null, data: null, metrics: null };
  const imported = { origin: 'imported', importedFile: 'model.onnx', missing: ['golden'] } as const;
  await registry.importModel({ ...registration('two'), ...unknown, ...imported }, BY);
  const version = { name: 'pump-health', version: '1' };
  const image = packagedImage();
  const platform = { platform: 'linux/amd64', digest: image.digest, layers: [image.digest], size: 1 };
  await registry.recordImage(version, { ...image, platforms: [platform] }, BY);
  await registry.reviewModel({ ...version, decision: 'approve' }, { ...BY, actor: 'bob' });
  await registry.setAlias({ ...version, alias: 'champion' }, BY);
  await rollouts.create(
    {
      ...BY,
      ...RUN,
      rolloutId: 'rollout-1',
      model: 'pump-health',
      version: '1',
      modelDigest: one.digest,
      image: image.reference,
      imageDigest: image.digest,
      condition: '',
      previous: { version: '0', configurationId: 'c' },
      policy: rolloutPolicySchema.parse(undefined),
    },
    [{ deviceId: 'pump-1', ring: 0, stratum: 'a', redundancyGroup: null }],
  );
  await rollouts.openRing('rollout-1', 0);
  await rollouts.saveBaselines('rollout-1', [{ deviceId: 'pump-1', target: null, restarts: 0 }]);
  await rollouts.markOffered('rollout-1', 0, ['pump-1']);
  const drift = { psi: 0.1, threshold: 0.2, status: 'stable', n: 9, meanShift: null } as const;
  await reports.saveReport(
    {
      ...RUN,
      model: 'pump-health',
      version: '1',
      drift: false,
      html: report.digest,
      json: report.digest,
      report: {
        model: 'pump-health',
        version: '1',
        windows: 9,
        devices: 1,
        from: null,
        to: null,
        columns: [{ column: 'Pressure', ...drift }],
        score: { column: 'score', ...drift },
        gates: [GATE],
        decision: 'none',
        arithmetic: ['9 windows'],
      },
    },
    { digest: one.digest, baseline: one.baseline.digest, upTo: null },
  );
  await access.grant({ actor: 'ada', project: '*', role: 'admin' }, BY);
  await access.createToken({ actor: 'ada' }, BY);
  await starter.start({ workflow: WORKFLOWS.buildAndTrain, workflowId: 'build-1', input: {} });
  const { digest } = await artefacts.put('text', 'text/plain');
  values = {
    '/api/v1/workflows/{id}': { id: 'build-1' },
    '/api/v1/pipelines/{name}/versions/{version}': version,
    '/api/v1/models/{name}/versions/{version}': version,
    '/api/v1/models/{name}/versions/{version}/lineage': version,
    '/api/v1/models/{name}/aliases': { name: 'pump-health' },
    '/api/v1/models/{name}/aliases/{alias}': { name: 'pump-health', alias: 'champion' },
    '/api/v1/devices/{id}/history': { id: 'pump-1' },
    '/api/v1/rollouts/{id}': { id: 'rollout-1' },
    '/api/v1/artefacts/{digest}': { digest },
  };
}, 120_000);
afterAll(async () => {
  await db?.destroy();
  await database?.drop();
  await env?.teardown();
  folder.remove();
});

const ask = async (path: string) => api.request(path, { headers: { authorization } });

/** The schema with its components inside; objects may have no field but those named. */
function closed(schema: Schema): z.ZodType {
  const close = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(close);
    if (typeof value !== 'object' || value === null) return value;
    const entries = Object.entries(value).map(([key, part]) => [key, close(part)] as const);
    const copy: Record<string, unknown> = Object.fromEntries(entries);
    if (typeof copy['$ref'] === 'string')
      return { $ref: copy['$ref'].replace('#/components/schemas/', '#/$defs/') };
    return typesOf(copy).includes('object') && copy['properties'] !== undefined
      ? { additionalProperties: false, ...copy }
      : copy;
  };
  const whole = Object.assign({}, close(schema), { $defs: close(document.components.schemas) });
  return z.fromJSONSchema(whole as Parameters<typeof z.fromJSONSchema>[0]);
}

/** A nullable object has two types. */
const typesOf = ({ type }: Schema): unknown[] => [type].flat();

function isTyped(schema: Schema): boolean {
  const { $ref, type, items, properties, additionalProperties, anyOf } = schema;
  if (typeof $ref === 'string')
    return isTyped(document.components.schemas[$ref.replace('#/components/schemas/', '')] ?? {});
  if (Array.isArray(anyOf)) return anyOf.every((part) => isTyped(part as Schema));
  if (typesOf(schema).includes('array')) return isTyped((items ?? {}) as Schema);
  if (typesOf(schema).includes('object'))
    return Object.keys(properties ?? additionalProperties ?? {}).length > 0;
  return type !== undefined;
}

test('every answer of 200 to 299 with a body has a schema', () => {
  const untyped = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).flatMap(([method, { responses }]) =>
      Object.entries(responses)
        .filter(([status]) => /^2\d\d$/.test(status) && status !== '204')
        .filter(([, { content = {} }]) => {
          const schemas = Object.values(content).map(({ schema }) => schema ?? {});
          return schemas.length === 0 || !schemas.every(isTyped);
        })
        .map(([status]) => `${method} ${path} ${status}`),
    ),
  );
  expect(untyped).toEqual([]);
});

test('every GET route answers what the document says, and nothing more', async () => {
  const found: Record<string, unknown> = {};
  for (const [path, { get }] of Object.entries(document.paths)) {
    if (get === undefined) continue;
    const address = path.replace(/\{(\w+)\}/g, (_, part: string) => values[path]?.[part] ?? '');
    const response = await ask(address);
    const schema = get.responses['200']?.content?.['application/json']?.schema;
    const text = await response.text();
    const body: unknown = schema === undefined ? text : JSON.parse(text);
    const problems = schema === undefined ? [] : (closed(schema).safeParse(body).error?.issues ?? []);
    found[path] = [response.status, problems, Array.isArray(body) && body.length === 0 ? 'empty' : 'filled'];
  }
  expect(Object.keys(found).length).toBeGreaterThan(18);
  expect(found).toEqual(Object.fromEntries(Object.keys(found).map((path) => [path, [200, [], 'filled']])));
});

test('a version that was imported answers as the document says too', async () => {
  for (const end of ['', '/lineage']) {
    const path = `/api/v1/models/{name}/versions/{version}${end}`;
    const schema = document.paths[path]?.['get']?.responses['200']?.content?.['application/json']?.schema;
    const body: unknown = await (await ask(`/api/v1/models/pump-health/versions/2${end}`)).json();
    expect(closed(schema ?? {}).safeParse(body).error?.issues ?? []).toEqual([]);
  }
});

test('a field that the document does not name is found, however deep it lies', async () => {
  const schema = closed({ $ref: '#/components/schemas/ModelVersion' });
  const body = (await (await ask('/api/v1/models/pump-health/versions/1')).json()) as {
    metrics: object;
    gates: object[];
  };
  expect(schema.safeParse(body).success).toBe(true);
  for (const more of [
    { other: 1 },
    { metrics: { ...body.metrics, other: 1 } },
    { gates: [{ ...body.gates[0], other: 1 }] },
    { gates: [{ ...body.gates[0], n: 'three' }] },
  ])
    expect([more, schema.safeParse({ ...body, ...more }).success]).toEqual([more, false]);
});
