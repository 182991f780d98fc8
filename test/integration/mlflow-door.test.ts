import { Hono } from 'hono';
import pino from 'pino';
import type { ApiEnv } from '../../src/api/deps.ts';
import { createMetrics } from '../../src/api/metrics.ts';
import { requestContext } from '../../src/api/middleware.ts';
import { addArtefacts } from '../../src/api/mlflow/artefacts.ts';
import { answerMlflowError } from '../../src/api/mlflow/errors.ts';
import { clientFiles } from '../../src/api/mlflow/served-files.ts';
import { mlflowSession, startMlflowDoor } from '../support/mlflow-door.ts';
import type { MlflowDoor } from '../support/mlflow-door.ts';
import { noPython } from '../support/missing.ts';
import { testUnless } from '../support/unless.ts';

const withPython = testUnless(await noPython());

let door: MlflowDoor;
beforeAll(async () => {
  door = await startMlflowDoor();
}, 120_000);
afterAll(() => door?.close());

const refusal = (code: string, message: string) => ({ code, message: expect.stringContaining(message) });
const INVALID = 'INVALID_PARAMETER_VALUE';

withPython(
  'the real client logs, reads back and searches',
  async () => {
    const seen = await mlflowSession('tracking_session.py', door.address);
    expect(seen).toMatchObject({
      client: '3.17.2',
      run: {
        name: 'trial-2',
        status: 'FINISHED',
        ended: true,
        params: { depth: '5', lr: '0.001' },
        metrics: { f1: 0.9, loss: 0.2, 'val/auc': 0.7 },
        team: 'Alpha',
        source: 'LOCAL',
        artifact_uri: 'mlflow-artifacts:/1/RUN/artifacts',
      },
      history: [1, 1 / 2, 1 / 3, 1 / 4, 1 / 5].map((value, step) => [step, value]),
      odd: [true, true, true],
      listed: [
        ['config', true, null],
        ['notes.md', false, 8],
        ['plots', true, null],
      ],
      listedPlots: [
        ['plots/deep', true, null],
        ['plots/loss curve (1) 100%.txt', false, 5],
      ],
      artefacts: { 'deep/ü.bin': true, 'loss curve (1) 100%.txt': true },
      text: { trial: 2 },
      batch: { history: [99, 3, 1, 2], latest: 2, params: 100, note: 'second' },
      paramAgain: refusal(INVALID, 'params never change'),
      halfBatch: refusal(INVALID, 'params never change'),
      nothingHalf: [],
      renamed: ['renamed', 'FINISHED'],
      dataset: ['pumps', 'abc123', 'training'],
      restored: true,
      experiments: ['spared'],
      experimentsLeft: ['Default', 'pumps'],
      experimentTags: { site: 'north sea' },
    });
    expect(seen.search).toEqual({
      metric: ['trial-1', 'trial-2'],
      noNan: ['trial-0', 'trial-2', 'trial-1'],
      nanLast: ['trial-1', 'trial-2', 'trial-0', 'broken', 'renamed'],
      quoted: ['trial-1'],
      tagIlike: ['trial-1', 'trial-2'],
      tagLike: [],
      notEqual: ['trial-1', 'trial-2'],
      inList: ['trial-2'],
      isNull: ['broken', 'renamed'],
      status: ['trial-2', 'trial-1', 'trial-0'],
      dataset: ['renamed'],
      injection: [],
    });
    expect(seen.pages).toEqual([['broken', 'renamed'], ['trial-0', 'trial-1'], ['trial-2']]);
    expect(seen.badFilter).toEqual(refusal(INVALID, '(at character 32)'));
    expect(seen.badOr).toEqual(refusal(INVALID, 'clauses are joined by AND (at character 18)'));
    expect(seen.deleted).toEqual({
      active: false,
      deleted: ['renamed'],
      change: refusal(INVALID, 'is deleted: restore it'),
    });
    expect(seen.loggedModel).toEqual({
      name: 'classifier',
      status: 'READY',
      params: { depth: '3' },
      stage: 'try',
      metrics: { f1: 0.8 },
      files: ['deep', 'loss curve (1) 100%.txt'],
      found: ['classifier'],
      notFound: 0,
      outputs: 1,
    });
    expect(seen.refused).toEqual({
      noRun: refusal('RESOURCE_DOES_NOT_EXIST', 'There is no run'),
      noExperiment: refusal('RESOURCE_DOES_NOT_EXIST', 'There is no experiment "4711"'),
      nameTaken: refusal('RESOURCE_ALREADY_EXISTS', 'named "pumps" already'),
      location: refusal(INVALID, 'artifact_location'),
      key: refusal(INVALID, 'not read as another path'),
      tooMany: refusal(INVALID, 'at most 100 params'),
      token: refusal(INVALID, 'page token'),
      notServed: refusal('ENDPOINT_NOT_FOUND', 'does not serve GET'),
    });
  },
  300_000,
);

describe('over HTTP', () => {
  const call = async (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) => {
    const response = await door.api.request(`/api/2.0/${path}`, {
      method,
      headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };

  test.each([
    ['POST', 'mlflow/runs/get', {}, 404, 'ENDPOINT_NOT_FOUND'],
    ['GET', 'mlflow/runs/get', undefined, 400, INVALID],
    ['GET', 'mlflow/runs/get?run_id=none', undefined, 404, 'RESOURCE_DOES_NOT_EXIST'],
    ['POST', 'mlflow/experiments/create', '{"name":', 400, INVALID],
    ['POST', 'mlflow/experiments/create', { name: 'x'.repeat(501) }, 400, INVALID],
    ['POST', 'mlflow/experiments/create', { name: 'a\u0000b' }, 400, INVALID],
    ['GET', 'mlflow/experiments/get-by-name?experiment_name=a%00b', undefined, 400, INVALID],
    ['POST', 'mlflow/runs/search', { max_results: 50_001 }, 400, INVALID],
    ['POST', 'mlflow/runs/search', { filter: 'x'.repeat(2_000_000) }, 400, INVALID],
  ])('%s %s is refused in the words of MLflow', async (method, path, body, status, code) => {
    expect(await call(method, path, body)).toEqual({
      status,
      body: { error_code: code, message: expect.any(String) },
    });
  });

  test('a web page can neither post nor reach it under another name', async () => {
    const form = await call('POST', 'mlflow/experiments/create', '{"name":"x"}', {
      'content-type': 'text/plain',
    });
    expect(form).toMatchObject({ status: 400, body: { error_code: INVALID } });
    const query = await call('POST', 'mlflow/experiments/create?name=from-a-page');
    expect(query).toMatchObject({ status: 400, body: { error_code: INVALID } });
    const rebound = await call('GET', 'mlflow/experiments/get?experiment_id=0', undefined, {
      host: 'evil.example',
    });
    expect(rebound).toMatchObject({ status: 403, body: { error_code: 'PERMISSION_DENIED' } });
  });

  test('numbers of 64 bits come as text too, and unknown fields are ignored', async () => {
    const created = await call('POST', 'mlflow/runs/create', {
      experiment_id: '0',
      start_time: '1700000000000',
      some_day: { this: 'will mean something' },
    });
    const run = created.body as { run: { info: { run_id: string; start_time: number; user_id: string } } };
    expect(run.run.info).toMatchObject({ start_time: 1_700_000_000_000, user_id: 'mlflow' });
    const point = { run_id: run.run.info.run_id, key: 'm', value: '-Infinity', timestamp: '5', step: '-3' };
    expect((await call('POST', 'mlflow/runs/log-metric', point)).status).toBe(200);
    expect((await call('GET', `mlflow/runs/get?run_id=${point.run_id}`)).body).toMatchObject({
      run: { data: { metrics: [{ key: 'm', value: '-Infinity', timestamp: 5, step: -3 }] } },
    });
    expect((await call('POST', 'mlflow/runs/log-metric', { ...point, value: 'many' })).body).toMatchObject({
      message: expect.stringContaining('value: '),
    });
  });

  test('what is told twice in one request counts once', async () => {
    const tags = [
      { key: 'site', value: 'north' },
      { key: 'site', value: 'south' },
    ];
    const made = await call('POST', 'mlflow/experiments/create', { name: 'twice', tags });
    expect(made.status).toBe(200);
    const { experiment_id } = made.body as { experiment_id: string };
    expect((await call('GET', `mlflow/experiments/get?experiment_id=${experiment_id}`)).body).toMatchObject({
      experiment: { tags: [{ key: 'site', value: 'south' }] },
    });
    const { body } = await call('POST', 'mlflow/runs/create', { experiment_id });
    const { run_id } = (body as { run: { info: { run_id: string } } }).run.info;
    const dataset = { name: 'pumps', digest: 'd1', source_type: 'local', source: 'data/pumps' };
    const inputs = { run_id, datasets: [{ dataset }, { dataset }] };
    expect(await call('POST', 'mlflow/runs/log-inputs', inputs)).toEqual({ status: 200, body: {} });
  });

  test.each(['..%2F..%2Fsecret', '%2e%2e%2fsecret', 'a/%2E%2E/%2E%2E/b', 'a%5Cb', 'a//b', 'a%00b', '%zz'])(
    'the path %s is refused and nothing is stored',
    async (path) => {
      const put = await call('PUT', `mlflow-artifacts/artifacts/${path}`, 'x');
      expect([400, 404]).toContain(put.status);
      expect(put.body.error_code).toMatch(/^(INVALID_PARAMETER_VALUE|ENDPOINT_NOT_FOUND)$/);
      expect(await door.mlflow.tracking.filesBelow('a')).toEqual([]);
    },
  );

  test('a file that is too large is refused while it comes, and not kept', async () => {
    const small = new Hono<ApiEnv>();
    small.use(requestContext({ logger: pino({ level: 'silent' }) }, createMetrics()));
    small.use((c, next) => {
      c.set('principal', { actor: null });
      return next();
    });
    small.onError(answerMlflowError);
    const { access, registry } = door;
    addArtefacts(
      { app: small, access, registry },
      {
        artefacts: door.artefacts,
        tracking: door.mlflow.tracking,
        files: clientFiles(door.mlflow.tracking),
        maxUpload: 10,
      },
    );
    const put = async (body: string | ReadableStream<Uint8Array>, headers: Record<string, string> = {}) => {
      const init = { method: 'PUT', body, headers, duplex: 'half' as const };
      const response = await small.request('/mlflow-artifacts/artifacts/0/big/a.bin', init);
      return [response.status, await response.text()];
    };
    const stream = (chunks: number) =>
      new ReadableStream<Uint8Array>({
        start: (controller) => {
          for (let i = 0; i < chunks; i += 1) controller.enqueue(new Uint8Array(4));
          controller.close();
        },
      });
    expect(await put('x'.repeat(11), { 'content-length': '11' })).toEqual([
      400,
      expect.stringContaining('larger'),
    ]);
    expect(await put(stream(3))).toEqual([400, expect.stringContaining('larger than the 10 bytes')]);
    expect(await door.mlflow.tracking.filesBelow('0/big')).toEqual([]);
    expect(await put(stream(2))).toEqual([200, '{}']);
    expect(await door.mlflow.tracking.filesBelow('0/big')).toMatchObject([{ path: '0/big/a.bin', size: 8 }]);
  });

  test('files are replaced and removed, and registered ones are not', async () => {
    const path = 'mlflow-artifacts/artifacts/0/r/artifacts/a.txt';
    for (const text of ['first', 'second']) expect((await call('PUT', path, text)).status).toBe(200);
    const response = await door.api.request(`/api/2.0/${path}`);
    expect([await response.text(), response.headers.get('content-disposition')]).toEqual([
      'second',
      'attachment',
    ]);
    expect((await call('DELETE', 'mlflow-artifacts/artifacts/0/r')).status).toBe(200);
    expect((await call('GET', path)).body).toMatchObject({ error_code: 'RESOURCE_DOES_NOT_EXIST' });
    expect(
      (await call('PUT', 'mlflow-artifacts/artifacts/registered-models/m/1/model.onnx', 'x')).body,
    ).toEqual({
      error_code: 'PERMISSION_DENIED',
      message: expect.stringContaining('never change'),
    });
  });
});
