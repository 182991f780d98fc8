import { calibrationTensors } from '../../../src/contracts/device/calibration.ts';
import type { GateResult } from '../../../src/contracts/gate.ts';
import { goldenCount, goldenSlice } from '../golden-rows.ts';
import { ask, at, inferBody, round, scoreBody } from './suite-tools.ts';
import type { Suite, TestSubject } from './suite-tools.ts';
import { gate } from '../../../src/domain/gates/build.ts';

const BATCH = 64;
/** Rows that go one by one through the entry script. */
const SCORE_ROWS = 64;

/**
 * Does the server speak the protocol, give the training framework's numbers, and refuse what it
 * cannot judge?
 */
export const functionalSuite: Suite = async (subject) => [
  await protocol(subject),
  await attestation(subject),
  await goldenParity(subject),
  await entryScript(subject),
  await missingReadings(subject),
  await wrongRequests(subject),
];

/** Health, server and model metadata of the Open Inference Protocol v2. */
async function protocol({ instance, manifest }: TestSubject): Promise<GateResult> {
  const model = `/v2/models/${manifest.name}`;
  const get = (path: string): ReturnType<typeof ask> => ask(instance, { method: 'GET', path });
  const [live, ready, server, metadata, modelReady, unknown] = await Promise.all(
    ['/v2/health/live', '/v2/health/ready', '/v2', model, `${model}/ready`, '/v2/models/no-such-model'].map(
      get,
    ),
  );
  const tensors = (list: unknown): string[] =>
    Array.isArray(list) ? list.map((t) => `${String(at(t, 'name'))}:${String(at(t, 'datatype'))}`) : [];
  const inputs = calibrationTensors(manifest.calibration, manifest.columns.length);
  const wanted = [manifest.input, ...inputs.map((tensor) => tensor.name)].map((name) => `${name}:FP32`);
  const checks: Record<string, boolean> = {
    'live answers 200': live?.status === 200,
    'ready answers 200': ready?.status === 200,
    'server metadata names itself': typeof at(server?.body, 'name') === 'string',
    'model metadata has name and version':
      at(metadata?.body, 'name') === manifest.name && at(metadata?.body, 'versions', 0) === manifest.version,
    'model metadata lists the inputs': wanted.every((t) => tensors(at(metadata?.body, 'inputs')).includes(t)),
    'model metadata lists the output': tensors(at(metadata?.body, 'outputs')).includes(
      `${manifest.output}:FP32`,
    ),
    'model ready answers 200': modelReady?.status === 200,
    'an unknown model answers 404 with an error':
      unknown?.status === 404 && typeof at(unknown.body, 'error') === 'string',
  };
  const failed = Object.entries(checks).flatMap(([name, ok]) => (ok ? [] : [name]));
  const total = Object.keys(checks).length;
  return gate('container.protocol', failed.length === 0, {
    observed: total - failed.length,
    threshold: total,
    n: total,
    reason:
      failed.length === 0 ? 'Open Inference Protocol v2: all checks hold' : `not so: ${failed.join('; ')}`,
    evidence: { checks },
  });
}

/** What the module says about itself must be what was packaged. */
async function attestation({ instance, manifest }: TestSubject): Promise<GateResult> {
  const { status, body } = await ask(instance, { method: 'GET', path: '/attestation' });
  const digest = at(body, 'model', 'digest');
  const ok = status === 200 && digest === manifest.digest && at(body, 'golden', 'match') === true;
  return gate('container.attestation', ok, {
    observed: typeof digest === 'string' ? digest : null,
    threshold: manifest.digest,
    n: Number(at(body, 'golden', 'rows') ?? 0),
    reason: ok
      ? 'the module attests the packaged model, and its own golden rows match'
      : `GET /attestation answered ${status} with ${JSON.stringify(body).slice(0, 300)}`,
  });
}

/** Golden rows through HTTP, compared with the training framework's own predictions. */
async function goldenParity({ instance, manifest, golden }: TestSubject): Promise<GateResult> {
  const rows = goldenCount(golden);
  const expected = golden.outputs[manifest.output]?.data ?? [];
  let worst = 0;
  let problem: string | undefined;
  for (let from = 0; from < rows && problem === undefined; from += BATCH) {
    const batch = goldenSlice(golden, from, from + BATCH);
    const path = `/v2/models/${manifest.name}/versions/${manifest.version}/infer`;
    const { status, body } = await ask(instance, {
      method: 'POST',
      path,
      body: inferBody(batch),
      timeoutMs: 30_000,
    });
    const outputs = at(body, 'outputs');
    const output: unknown = Array.isArray(outputs)
      ? outputs.find((o) => at(o, 'name') === manifest.output)
      : undefined;
    const data = at(output, 'data');
    if (status !== 200 || !Array.isArray(data) || data.length !== goldenCount(batch)) {
      problem = `rows ${from} to ${from + goldenCount(batch) - 1}: ${status} ${JSON.stringify(body).slice(0, 200)}`;
      break;
    }
    for (const [i, value] of data.entries()) {
      const difference = Math.abs(Number(value) - (expected[from + i] ?? Number.NaN));
      if (!(difference <= worst)) worst = Number.isFinite(difference) ? difference : Number.POSITIVE_INFINITY;
    }
  }
  const ok = problem === undefined && rows > 0 && worst <= manifest.parityTolerance;
  return gate('container.golden-parity', rows === 0 ? 'insufficient' : ok, {
    observed: problem === undefined && Number.isFinite(worst) ? worst : null,
    threshold: manifest.parityTolerance,
    n: rows,
    reason:
      problem ?? (ok ? 'largest difference over HTTP to the training framework' : `differs by ${worst}`),
  });
}

/**
 * Golden rows through the user's entry script: the model's number, or a reason why there is none.
 */
async function entryScript({ instance, manifest, golden }: TestSubject): Promise<GateResult> {
  const rows = Math.min(SCORE_ROWS, goldenCount(golden));
  const expected = golden.outputs[manifest.output]?.data ?? [];
  let scored = 0;
  const invalid: string[] = [];
  const wrong: string[] = [];
  for (let row = 0; row < rows; row++) {
    const { status, body } = await ask(instance, {
      method: 'POST',
      path: '/score',
      body: scoreBody(golden, manifest, { row }),
    });
    const probability = at(body, 'probability');
    const reason = at(body, 'invalid');
    if (status === 200 && typeof reason === 'string') {
      invalid.push(reason);
    } else if (status !== 200 || typeof probability !== 'number' || typeof at(body, 'alarm') !== 'boolean') {
      wrong.push(`row ${row}: ${status} ${JSON.stringify(body).slice(0, 120)}`);
    } else if (!(probability >= 0 && probability <= 1)) {
      wrong.push(`row ${row}: probability ${probability}`);
    } else {
      scored += 1;
      const differs = Math.abs(probability - (expected[row] ?? Number.NaN));
      if (!(differs <= manifest.parityTolerance)) wrong.push(`row ${row}: differs by ${round(differs)}`);
    }
  }
  const enough = scored >= Math.ceil(rows / 2) && scored > 0;
  const ok = wrong.length === 0 && enough;
  return gate('container.entry-script', rows === 0 ? 'insufficient' : ok, {
    observed: scored,
    threshold: Math.ceil(rows / 2),
    n: rows,
    reason:
      wrong[0] ??
      (enough
        ? `${scored} rows scored as in training, ${invalid.length} called invalid`
        : `only ${scored} of ${rows} golden rows get a score; e.g. ${invalid[0] ?? 'none was sent'}`),
    evidence: { scored, invalid: invalid.slice(0, 5), wrong: wrong.slice(0, 5) },
  });
}

/** A window without readings, or with a dead sensor, must never come out as healthy. */
async function missingReadings({ instance, manifest, golden }: TestSubject): Promise<GateResult> {
  const cases: Record<string, (window: Array<Array<number | null>>) => void> = {
    'no reading at all': (window) => window.forEach((row) => row.fill(null)),
    ...Object.fromEntries(
      manifest.columns.map((column, c) => [
        `${column.name} missing`,
        (window: Array<Array<number | null>>) =>
          window.forEach((row) => {
            row[c] = null;
          }),
      ]),
    ),
  };
  const accepted: string[] = [];
  for (const [name, spoil] of Object.entries(cases)) {
    const body = scoreBody(golden, manifest, { row: 0, spoil });
    const answer = await ask(instance, { method: 'POST', path: '/score', body });
    const invalid = typeof at(answer.body, 'invalid') === 'string' || at(answer.body, 'alarm') === true;
    const refused = answer.status === 200 && invalid;
    if (!refused) accepted.push(`${name}: ${answer.status} ${JSON.stringify(answer.body).slice(0, 120)}`);
  }
  const n = Object.keys(cases).length;
  return gate('container.missing-readings', accepted.length === 0, {
    observed: n - accepted.length,
    threshold: n,
    n,
    reason: accepted[0] ?? 'windows with missing readings are called invalid, never healthy',
    evidence: { accepted: accepted.slice(0, 5) },
  });
}

/** Requests that do not fit get 400 and a reason, and the server stays up. */
async function wrongRequests({ instance, manifest, golden }: TestSubject): Promise<GateResult> {
  const path = `/v2/models/${manifest.name}/infer`;
  const one = goldenSlice(golden, 0, 1);
  const short = { inputs: inferBody(one).inputs.slice(1) };
  const shape = {
    inputs: Object.entries(one.inputs).map(([name, t]) => ({
      name,
      datatype: 'FP32',
      shape: [...t.shape, 1],
      data: t.data,
    })),
  };
  const window = scoreBody(golden, manifest, { row: 0, spoil: (rows) => void rows.pop() });
  const requests = [
    { what: 'infer without an input', path, body: short },
    { what: 'infer with another shape', path, body: shape },
    { what: 'infer without inputs', path, body: {} },
    { what: 'score with a short window', path: '/score', body: window },
    { what: 'score with nothing', path: '/score', body: {} },
  ];
  const wrong: string[] = [];
  for (const { what, ...request } of requests) {
    const { status, body } = await ask(instance, { method: 'POST', ...request });
    if (status !== 400 || typeof at(body, 'error') !== 'string') wrong.push(`${what}: ${status}`);
  }
  const after = await ask(instance, { method: 'GET', path: '/v2/health/ready' });
  if (after.status !== 200) wrong.push(`afterwards ready answers ${after.status}`);
  return gate('container.wrong-requests', wrong.length === 0, {
    observed: requests.length - wrong.length,
    threshold: requests.length,
    n: requests.length,
    reason: wrong.length === 0 ? 'requests that do not fit get 400 with a reason' : wrong.join('; '),
  });
}
