import { mlflowSession, startMlflowDoor } from '../support/mlflow-door.ts';
import type { MlflowDoor } from '../support/mlflow-door.ts';
import { dataRef, pipelineVersion, projectSpec, registration } from '../support/registry-fixtures.ts';
import { noPython } from '../support/missing.ts';
import { testUnless } from '../support/unless.ts';

const withPython = testUnless(await noPython());

const BY = { actor: 'bob', reason: 'because' };
let door: MlflowDoor;
let digest = '';
beforeAll(async () => {
  door = await startMlflowDoor();
  const { registry, artefacts } = door;
  const onnx = await artefacts.put('the bytes of a model', 'application/vnd.onnx.model');
  digest = onnx.digest;
  await registry.publishPipeline(pipelineVersion(), BY);
  await registry.recordData(dataRef(), []);
  await registry.registerModel({ ...registration('one'), onnx, digest }, BY);
  await registry.setAlias({ name: 'pump-health', alias: 'champion', version: '1' }, BY);
  const lost = registration('two');
  await registry.registerModel(
    { ...lost, comparison: { ...lost.comparison, verdict: 'INFERIOR', reason: 'it lost by 0.2' } },
    BY,
  );
}, 120_000);
afterAll(() => door?.close());

const refusal = (code: string, message: RegExp) => ({ code, message: expect.stringMatching(message) });
const INVALID = 'INVALID_PARAMETER_VALUE';
const MISSING = 'RESOURCE_DOES_NOT_EXIST';
const DENIED = 'PERMISSION_DENIED';

withPython(
  'the real client registers, points aliases as far as the policy lets it, searches, and downloads the champion',
  async () => {
    const seen = await mlflowSession('registry_session.py', door.address);
    expect(seen.champion).toEqual({
      version: '1',
      aliases: ['champion'],
      status: 'READY',
      source: 'mlflow-artifacts:/registered-models/pump-health/1',
      digestTag: digest,
      state: 'registered',
      files: ['MLmodel', 'model.onnx', 'registered_model_meta', 'requirements.txt'],
      digest,
      flavors: ['onnx', 'python_function'],
      signature: ['window', 'baseline_mean', 'baseline_std'],
    });
    expect(seen).toMatchObject({
      oneFile: true,
      registered: { version: '3', run: true, by: 'ada', tags: { team: 'alpha' }, digest: true },
      described: {
        description: 'a try',
        tags: ['seen'],
        model: 'health of pumps',
        owner: 'ops',
        aliases: { champion: '1' },
        latest: ['3'],
      },
      kept: true,
      candidate: '3',
      moved: ['1', []],
      aliasGone: refusal(MISSING, /has no alias "candidate"/),
      pages: [['1', '2'], ['3']],
    });
    expect(seen.policy).toEqual({
      unjudged: refusal(
        DENIED,
        /pump-health@3 may not be champion: state: it is unjudged: .*no gate of Windlass has seen it/,
      ),
      challenger: refusal(DENIED, /pump-health@3 may not be challenger: state: it is unjudged/),
      lost: refusal(DENIED, /pump-health@2 may not be champion: .*it lost by 0\.2/),
      stillChampion: '1',
    });
    expect(seen.logged).toEqual({
      versions: ['1', '2', '3'],
      linked: [{ name: 'Net of mine', version: '1' }],
      files: ['MLmodel', 'model.onnx', 'registered_model_meta'],
      copy: true,
      latest: '3',
    });
    expect(seen.search).toEqual({
      name: ['pump-health/1', 'pump-health/2', 'pump-health/3'],
      run: ['pump-health/3'],
      tag: ['pump-health/3'],
      state: ['pump-health/3'],
      digest: ['Net of mine/3', 'pump-health/1'],
      number: ['pump-health/3', 'Net of mine/3'],
      models: ['Net of mine', 'pump-health'],
      modelTag: ['pump-health'],
      modelLike: ['Net of mine'],
      orderBy: ['pump-health', 'Net of mine'],
    });
    expect(seen).toMatchObject({
      withdrawn: ['Net of mine/1', 'Net of mine/3'],
      modelsLeft: ['pump-health'],
      numbersGoOn: '4',
    });
    expect(seen.refused).toEqual({
      nameTaken: refusal('RESOURCE_ALREADY_EXISTS', /"pump-health" already/),
      noModel: refusal(MISSING, /no registered model "none"/),
      noVersion: refusal(MISSING, /no version 99/),
      noFiles: refusal(INVALID, /there are no files at/),
      elsewhere: refusal(INVALID, /does not keep files at "s3:/),
      deleteBuilt: refusal(DENIED, /made by Windlass.*windlass models retire/),
      deleteModel: refusal(DENIED, /has versions that Windlass made \(1, 2\)/),
      rename: refusal(DENIED, /cannot be renamed/),
      stage: refusal(DENIED, /has no stage/),
      ownTag: refusal(INVALID, /written by Windlass itself/),
      filter: refusal(INVALID, /This search has no metrics.*\(at character 1\)/),
      alias: refusal(INVALID, /"Not_Ours" cannot be an alias/),
    });
  },
  300_000,
);

withPython(
  'what came through the door is audited as its user, and Windlass itself will not use it',
  async () => {
    const { registry } = door;
    const events = await registry.audit({ subject: 'model/pump-health@3' });
    expect(events.map(({ actor, action }) => `${actor} ${action}`).reverse()).toEqual([
      'ada model.registered',
      'ada model.described',
      'ada model.tagged',
      'ada model.tagged',
      'ada alias.set',
    ]);
    expect(events.at(-1)?.details).toMatchObject({ origin: 'mlflow', state: 'unjudged' });
    const reads = await registry.audit({ subject: `artefact/${digest}` });
    expect(reads[0]).toMatchObject({
      actor: 'ada',
      action: 'artefact.read',
      details: { path: expect.stringMatching(/^registered-models\/.*model\.onnx$/) },
    });
    expect(await registry.verifyAudit()).toMatchObject({ ok: true });
    await expect(registry.model('pump-health', '3')).rejects.toMatchObject({
      code: 'GATE_FAILED',
      message: expect.stringContaining('no gate of Windlass has judged it'),
    });
    expect((await registry.models({ name: 'pump-health' })).map(({ version }) => version)).toEqual([
      '2',
      '1',
    ]);
    const listed = await registry.search({ name: 'pump-health', limit: 10 });
    expect(listed.map(({ version, state, metrics }) => [version, state, metrics?.f1 ?? null])).toEqual([
      ['3', 'unjudged', null],
      ['2', 'rejected', 0.9],
      ['1', 'registered', 0.9],
    ]);
    const next = await registry.registerModel(registration('three'), BY);
    expect(next.version).toBe('4');
  },
);

test('a version that lacks an approval is not champion through this door either, until it has it', async () => {
  const { registry, api } = door;
  const spec = projectSpec({ registry: { approvals: 1 } });
  const { version: pipeline } = await registry.publishPipeline({ ...pipelineVersion('strict'), spec }, BY);
  const { version } = await registry.registerModel(
    { ...registration('strict', pipeline), name: 'strict' },
    BY,
  );
  const champion = async () => {
    const response = await api.request('/api/2.0/mlflow/registered-models/alias', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'strict', alias: 'champion', version }),
    });
    return { status: response.status, body: (await response.json()) as unknown };
  };
  expect(await champion()).toEqual({
    status: 403,
    body: {
      error_code: DENIED,
      message: expect.stringMatching(
        /needs 1 more approval by anybody but its author bob\..*windlass models approve/,
      ),
    },
  });
  await registry.reviewModel(
    { name: 'strict', version, decision: 'approve' },
    { actor: 'eve', reason: 'good' },
  );
  expect(await champion()).toEqual({ status: 200, body: {} });
});

test('an imported version is served too, whatever its lineage lacks', async () => {
  const { registry, artefacts, api } = door;
  const onnx = await artefacts.put('imported bytes', 'application/vnd.onnx.model');
  const lacks = { golden: null, baseline: null, pipeline: null, data: null, metrics: null };
  const { version } = await registry.importModel(
    {
      ...registration('elsewhere'),
      ...lacks,
      origin: 'imported',
      name: 'elsewhere',
      onnx,
      digest: onnx.digest,
    },
    BY,
  );
  const root = `registered-models/elsewhere/${version}`;
  const listed = await api.request(`/api/2.0/mlflow-artifacts/artifacts?path=${root}`);
  const { files } = (await listed.json()) as { files: { path: string }[] };
  expect(files.map(({ path }) => path)).toEqual(['MLmodel', 'model.onnx', 'requirements.txt']);
  const model = await api.request(`/api/2.0/mlflow-artifacts/artifacts/${root}/model.onnx`);
  expect(await model.text()).toBe('imported bytes');
});

describe('roles', () => {
  const call = async (token: string, method: string, path: string, body?: unknown) => {
    const response = await door.api.request(`/api/2.0/${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };

  test('count here too, and whoever has a token is the actor', async () => {
    const { access, registry } = door;
    await access.grant({ actor: 'root', project: '*', role: 'admin' }, BY);
    const token = async (actor: string, role: 'viewer' | 'contributor' | 'operator') => {
      await access.grant({ actor, project: 'pump-health', role }, BY);
      return (await access.createToken({ actor }, BY)).token;
    };
    const [vera, cora, otto] = [
      await token('vera', 'viewer'),
      await token('cora', 'contributor'),
      await token('otto', 'operator'),
    ];
    const alias = { name: 'pump-health', alias: 'champion', version: '1' };
    const denied = { status: 403, body: { error_code: DENIED, message: expect.any(String) } };
    expect(await call(vera, 'POST', 'mlflow/runs/search', { experiment_ids: ['0'] })).toMatchObject({
      status: 200,
    });
    expect(await call(vera, 'POST', 'mlflow/runs/create', { experiment_id: '0' })).toEqual(denied);
    expect(await call(vera, 'PUT', 'mlflow-artifacts/artifacts/0/x/a.txt', 'x')).toEqual(denied);
    expect(await call(cora, 'POST', 'mlflow/runs/create', { experiment_id: '0' })).toMatchObject({
      status: 200,
      body: { run: { info: { user_id: 'cora' } } },
    });
    expect(await call(cora, 'POST', 'mlflow/registered-models/create', { name: 'other' })).toEqual(denied);
    expect(await call(cora, 'POST', 'mlflow/registered-models/alias', alias)).toEqual(denied);
    expect(await call(otto, 'POST', 'mlflow/registered-models/alias', alias)).toMatchObject({ status: 200 });
    const tag = { name: 'pump-health', version: '1', key: 'site', value: 'north' };
    expect(await call(cora, 'POST', 'mlflow/model-versions/set-tag', tag)).toMatchObject({ status: 200 });
    const [event] = await registry.audit({ subject: 'model/pump-health@1' });
    expect(event).toMatchObject({ actor: 'cora', action: 'model.tagged' });
    expect(await call('wrong', 'GET', 'mlflow/experiments/get?experiment_id=0')).toEqual(denied);
  });
});
