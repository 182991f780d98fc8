import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { request } from 'node:http';
import { join } from 'node:path';
import { startModule, type EdgeModule } from '../../edge/edge-module.ts';
import { silentLog } from '../../edge/log.ts';
import type { ModuleFault } from '../../edge/module-fault.ts';
import { readSettings } from '../../edge/settings.ts';
import { createPump } from '../../stand-ins/pump/pump.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { tinyGolden, writeModelFolder, type TinyModelOptions } from '../support/tiny-model.ts';

const folder = tempFolder('edge');
const golden = tinyGolden();
const faults: ModuleFault[] = [];
let running: EdgeModule;
let base = '';

async function start(root: string, options: TinyModelOptions & { entry?: string } = {}): Promise<EdgeModule> {
  await writeModelFolder(root, options);
  const settings = readSettings({
    WINDLASS_ROOT: root,
    WINDLASS_LISTEN: '127.0.0.1:0',
    WINDLASS_DEVICE: 'pump-001',
    WINDLASS_STRIDE: '60',
  });
  return startModule(settings, silentLog, (fault) => faults.push(fault));
}
beforeAll(async () => {
  running = await start(join(folder.path, 'good'));
  base = `http://${running.address}`;
});
afterAll(async () => {
  await running.stop();
  folder.remove();
});

interface Answer {
  status: number;
  body: { probability: number; alarm: boolean; outputs: { data: number[] }[] } & string;
}
const call = async (path: string, body?: unknown): Promise<Answer> => {
  const init =
    body === undefined
      ? {}
      : { method: 'POST', body: typeof body === 'string' ? body : JSON.stringify(body) };
  const response = await fetch(`${base}${path}`, init);
  const type = response.headers.get('content-type') ?? '';
  const answer: unknown = type.includes('json') ? await response.json() : await response.text();
  return { status: response.status, body: answer as Answer['body'] };
};
const rowsOf = (input: string, rows: number) => {
  const { shape, data } = golden.inputs[input]!;
  const size = data.length / shape[0]!;
  return {
    name: input,
    shape: [rows, ...shape.slice(1)],
    datatype: 'FP32',
    data: data.slice(0, rows * size),
  };
};
const inputs = (rows: number) =>
  ['window', 'baseline_mean', 'baseline_std'].map((name) => rowsOf(name, rows));
const INFER = '/v2/models/pump-health/infer';

describe('Open Inference Protocol v2', () => {
  test('server, health and model metadata', async () => {
    expect(await call('/v2')).toMatchObject({
      body: { name: 'windlass-edge', extensions: ['binary_tensor_data'] },
    });
    expect(await call('/v2/health/live')).toEqual({ status: 200, body: { live: true } });
    expect(await call('/v2/health/ready')).toEqual({ status: 200, body: { ready: true } });
    const metadata = {
      name: 'pump-health',
      versions: ['1'],
      platform: 'onnx_onnxruntimev1',
      inputs: [
        { name: 'window', datatype: 'FP32', shape: [-1, 60, 8] },
        { name: 'baseline_mean', datatype: 'FP32', shape: [-1, 8] },
        { name: 'baseline_std', datatype: 'FP32', shape: [-1, 8] },
      ],
      outputs: [{ name: 'probability', datatype: 'FP32', shape: [-1] }],
    };
    expect(await call('/v2/models/pump-health')).toEqual({ status: 200, body: metadata });
    expect(await call('/v2/models/pump-health/versions/1')).toEqual({ status: 200, body: metadata });
    expect(await call('/v2/models/pump-health/versions/1/ready')).toMatchObject({
      status: 200,
      body: { ready: true },
    });
  });

  test.each([1, 32])('%i golden rows give what the training framework gave', async (rows) => {
    const { status, body } = await call(INFER, { id: 'r-1', inputs: inputs(rows) });
    expect(status).toBe(200);
    expect(body).toMatchObject({ model_name: 'pump-health', model_version: '1', id: 'r-1' });
    const [output] = body.outputs;
    expect(output).toMatchObject({ name: 'probability', datatype: 'FP32', shape: [rows] });
    for (const [i, p] of output!.data.entries())
      expect(p).toBeCloseTo(golden.outputs['probability']!.data[i]!, 5);
  });

  test('nested data is the same as flat data', async () => {
    const flat = await call(INFER, { inputs: inputs(1) });
    const [window, mean, std] = inputs(1) as [ReturnType<typeof rowsOf>, object, object];
    const nested = [Array.from({ length: 60 }, (_, r) => window.data.slice(r * 8, r * 8 + 8))];
    expect(await call(INFER, { inputs: [{ ...window, data: nested }, mean, std] })).toEqual(flat);
  });

  test('binary tensors in and out carry the same values', async () => {
    const plain = await call(INFER, { inputs: inputs(2) });
    const raw = inputs(2).map((input) => Buffer.from(Float32Array.from(input.data).buffer));
    const described = inputs(2).map(({ data: _, ...input }, i) => ({
      ...input,
      parameters: { binary_data_size: raw[i]!.length },
    }));
    const head = Buffer.from(
      JSON.stringify({
        inputs: described,
        outputs: [{ name: 'probability', parameters: { binary_data: true } }],
      }),
    );
    const response = await fetch(`${base}${INFER}`, {
      method: 'POST',
      headers: { 'inference-header-content-length': String(head.length) },
      body: Buffer.concat([head, ...raw]),
    });
    const length = Number(response.headers.get('inference-header-content-length'));
    const bytes = Buffer.from(await response.arrayBuffer());
    const json = JSON.parse(bytes.subarray(0, length).toString());
    expect(json.outputs).toEqual([
      { name: 'probability', datatype: 'FP32', shape: [2], parameters: { binary_data_size: 8 } },
    ]);
    const values = [0, 4].map((at) => bytes.subarray(length).readFloatLE(at));
    expect(values).toEqual(plain.body.outputs[0]!.data.map(Math.fround));
  });

  const [window, mean, std] = inputs(1) as [ReturnType<typeof rowsOf>, object, object];
  test.each([
    ['no JSON', '{', /not JSON/],
    ['an array', [], /JSON object/],
    ['no inputs', {}, /"inputs" must be an array/],
    ['a missing input', { inputs: [window, mean] }, /missing input "baseline_std"/],
    ['an unknown input', { inputs: [window, mean, std, { ...window, name: 'x' }] }, /input "x" is not known/],
    ['an input twice', { inputs: [window, window, mean, std] }, /given twice/],
    [
      'another datatype',
      { inputs: [{ ...window, datatype: 'INT64' }, mean, std] },
      /"INT64" does not fit FP32/,
    ],
    [
      'another shape',
      { inputs: [{ ...window, shape: [1, 59, 8] }, mean, std] },
      /\[1, 59, 8\] does not fit \[-1, 60, 8\]/,
    ],
    ['another rank', { inputs: [{ ...window, shape: [480] }, mean, std] }, /does not fit/],
    ['no rows', { inputs: [{ ...window, shape: [0, 60, 8], data: [] }, mean, std] }, /at least 1/],
    [
      'rows that disagree',
      { inputs: [rowsOf('window', 2), mean, std] },
      /dimension 0 is 1, but the other inputs have 2/,
    ],
    [
      'too few values',
      { inputs: [{ ...window, data: [1, 2] }, mean, std] },
      /has 2 values, its shape holds 480/,
    ],
    [
      'a text',
      { inputs: [{ ...window, data: window.data.with(7, 'x' as never) }, mean, std] },
      /value 7 is "x"/,
    ],
    [
      'a null',
      { inputs: [{ ...window, data: window.data.with(7, null as never) }, mean, std] },
      /value 7 is null/,
    ],
    ['an unknown output', { inputs: inputs(1), outputs: [{ name: 'y' }] }, /output "y" is not known/],
  ])('%s is refused with 400 and a reason', async (_, body, message) => {
    const answer = await call(INFER, body);
    expect(answer).toEqual({ status: 400, body: { error: expect.stringMatching(message) } });
  });

  test('unknown models, versions and paths are 404, a wrong method 405', async () => {
    expect(await call('/v2/models/other')).toMatchObject({
      status: 404,
      body: { error: /"other" is not known/ },
    });
    expect(await call('/v2/models/pump-health/versions/9/infer', {})).toMatchObject({ status: 404 });
    expect(await call('/v3')).toMatchObject({ status: 404 });
    expect(await call(INFER)).toMatchObject({ status: 405 });
  });

  test('a body over the limit is refused with 413, and the server goes on', async () => {
    const answer = await call(INFER, 'x'.repeat(17 * 1024 * 1024));
    expect(answer).toMatchObject({ status: 413, body: { error: /larger than/ } });
    expect((await call('/v2/health/live')).status).toBe(200);
  });
});

describe('scoring', () => {
  const window = Array.from({ length: 60 }, (_, r) => rowsOf('window', 1).data.slice(r * 8, r * 8 + 8));
  const calibration = Object.fromEntries(
    ['baseline_mean', 'baseline_std'].map((name) => [name, rowsOf(name, 1).data]),
  );

  test('POST /score runs the entry script on a window', async () => {
    const { status, body } = await call('/score', { window, calibration });
    expect(status).toBe(200);
    expect(body.probability).toBeCloseTo(golden.outputs['probability']!.data[0]!, 5);
    expect(body.alarm).toBe(body.probability >= 0.5);
  });

  test('a window with a gap is invalid; a wrong window is refused', async () => {
    expect(await call('/score', { window: window.with(3, new Array(8).fill(null)), calibration })).toEqual({
      status: 200,
      body: { invalid: 'the probability is not finite' },
    });
    expect(await call('/score', { window: window.slice(1), calibration })).toMatchObject({
      status: 400,
      body: { error: /window/ },
    });
    expect(
      await call('/score', { window, calibration: { ...calibration, baseline_std: [1] } }),
    ).toMatchObject({
      status: 400,
    });
    expect(await call('/score', { window })).toMatchObject({
      status: 409,
      body: { error: /no calibration/ },
    });
  });

  test('POST /rows calibrates the device, then scores its stream; the attestation and metrics show it', async () => {
    const pump = createPump({ id: 'pump-001', seed: 3, dropoutRate: 0 });
    const rows = Array.from({ length: 400 }, () => pump.next());
    expect((await call('/rows', { rows: rows.slice(0, 100) })).body).toMatchObject({
      state: 'calibrating',
      scored: 0,
    });
    expect((await call('/rows', { rows: rows.slice(100) })).body).toMatchObject({
      state: 'scoring',
      scored: 5,
    });
    expect((await call('/attestation')).body).toMatchObject({
      state: 'scoring',
      golden: { match: true },
      calibration: { state: 'fitted', rows: 120 },
      queue: { waiting: expect.any(Number) },
    });
    // now with the device's own calibration
    expect((await call('/score', { window })).status).toBe(200);
    const metrics: string = (await call('/metrics')).body;
    expect(metrics).toMatch(/^windlass_windows_scored_total 5$/m);
    expect(metrics).toMatch(
      /^windlass_model_info\{model="pump-health",version="1",digest="sha256:[0-9a-f]{64}"\} 1$/m,
    );
    expect(metrics).toMatch(/^windlass_http_requests_total\{route="rows",status="200"\} 2$/m);
    expect(metrics).toMatch(/^windlass_inference_seconds_count [1-9]/m);
    expect(await call('/rows', { rows: [{ time: 'now', values: new Array(8).fill(1) }] })).toMatchObject({
      status: 400,
    });
  });
});

test('a model that fails its golden rows is live, not ready, and scores nothing', async () => {
  const module = await start(join(folder.path, 'bad'), { goldenError: 0.2 });
  const get = async (path: string) => (await fetch(`http://${module.address}${path}`)).status;
  expect([
    await get('/v2/health/live'),
    await get('/v2/health/ready'),
    await get('/v2/models/pump-health/ready'),
  ]).toEqual([200, 503, 503]);
  const answer = await fetch(`http://${module.address}${INFER}`, {
    method: 'POST',
    body: JSON.stringify({ inputs: inputs(1) }),
  });
  expect([answer.status, await answer.json()]).toEqual([
    503,
    { error: expect.stringMatching(/must not score/) },
  ]);
  await module.stop();
});

describe('the process', () => {
  const children: ChildProcess[] = [];
  afterAll(() => children.forEach((child) => child.kill('SIGKILL')));

  async function spawnModule(root: string, env: NodeJS.ProcessEnv) {
    const main = join(import.meta.dirname, '../../edge/main.ts');
    const child = spawn(process.execPath, [main], {
      env: { PATH: process.env['PATH'], ORT_DISABLE_TELEMETRY: '1', WINDLASS_ROOT: root, ...env },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    children.push(child);
    let output = '';
    const ready = new Promise<void>((resolve) => {
      child.stdout.on('data', (chunk: Buffer) => {
        output += chunk.toString();
        if (output.includes('"msg":"ready"')) resolve();
      });
    });
    const ended = once(child, 'close') as Promise<[number | null]>;
    await Promise.race([ready, ended]);
    return { child, ended, output: () => output };
  }

  test('serves on a unix socket and stops at SIGTERM with code 0; its calibration outlives it', async () => {
    const root = join(folder.path, 'good');
    const socket = join(folder.path, 'score.sock');
    const env = { WINDLASS_LISTEN: `unix:${socket}`, WINDLASS_STATE: join(folder.path, 'state') };
    const ask = (path: string, body?: string) =>
      new Promise<{ state: string }>((resolve, reject) => {
        const outgoing = request({ socketPath: socket, path, method: body ? 'POST' : 'GET' }, (response) => {
          let text = '';
          response.on('data', (chunk: Buffer) => (text += chunk.toString()));
          response.on('end', () => resolve(JSON.parse(text)));
        });
        outgoing.on('error', reject);
        outgoing.end(body);
      });
    const pump = createPump({ id: 'p', seed: 3, dropoutRate: 0 });
    const first = await spawnModule(root, env);
    await ask('/rows', JSON.stringify({ rows: Array.from({ length: 130 }, () => pump.next()) }));
    first.child.kill('SIGTERM');
    expect((await first.ended)[0]).toBe(0);
    const second = await spawnModule(root, env);
    expect(await ask('/attestation')).toMatchObject({ state: 'scoring' });
    second.child.kill('SIGKILL');
    await second.ended;
  });

  test('an exception in run answers 500 and ends the process with its exit code', async () => {
    const root = join(folder.path, 'crash');
    await writeModelFolder(root, { entry: 'export function run() { throw new Error("boom"); }' });
    const { ended, output } = await spawnModule(root, { WINDLASS_LISTEN: '127.0.0.1:0' });
    const address = /"address":"([^"]+)"/.exec(output())![1];
    const window = Array.from({ length: 60 }, () => new Array(8).fill(1));
    const calibration = { baseline_mean: new Array(8).fill(0), baseline_std: new Array(8).fill(1) };
    const answer = await fetch(`http://${address}/score`, {
      method: 'POST',
      body: JSON.stringify({ window, calibration }),
    });
    expect([answer.status, await answer.json()]).toEqual([
      500,
      { error: expect.stringMatching(/threw boom/) },
    ]);
    expect((await ended)[0]).toBe(13);
    expect(output()).toContain('threw boom');
  });

  test.each([
    ['a folder without a model', { WINDLASS_ROOT: '/nowhere' }, 10, 'model.onnx cannot be read'],
    [
      'a state folder that cannot be',
      { WINDLASS_STATE: '/dev/null/nowhere' },
      2,
      'the state in /dev/null/nowhere/edge.db cannot be opened',
    ],
    ['a wrong variable', { WINDLASS_STRIDE: 'often', WINDLASS_LISTEN: 'here' }, 2, 'WINDLASS_STRIDE'],
  ])('%s ends it with a code and a message', async (_, env, exitCode, message) => {
    const { ended, output } = await spawnModule(join(folder.path, 'good'), {
      WINDLASS_LISTEN: '127.0.0.1:0',
      ...env,
    });
    expect((await ended)[0]).toBe(exitCode);
    expect(output()).toContain(message);
  });
});
