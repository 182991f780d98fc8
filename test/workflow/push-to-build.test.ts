import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pino from 'pino';
import { createAccess } from '../../src/adapters/postgres/access/access.ts';
import { createHookDeliveries } from '../../src/adapters/postgres/hooks/hook-deliveries.ts';
import { createMlflowStores } from '../../src/adapters/postgres/mlflow/mlflow-stores.ts';
import { createMonitorStore } from '../../src/adapters/postgres/monitoring/monitor-store.ts';
import { createRolloutStore } from '../../src/adapters/postgres/rollout/rollout-store.ts';
import { createPipelineStarter } from '../../src/adapters/temporal/pipeline-starter.ts';
import { createApi } from '../../src/api/app.ts';
import { triggerSchema, type PushCoordinatorState } from '../../src/contracts/build/push.ts';
import { waitFor } from '../../src/base/wait-for.ts';
import { createBuildSystem, type BuildSystem } from '../support/build-system.ts';
import {
  azurePush,
  githubPush,
  gitlabPush,
  NO_COMMIT,
  signGithub,
  signGitlab,
  type HookRequest,
  type PushFacts,
} from '../support/git-hooks.ts';
import { createTinyProject, gitIn, type TinyProject } from '../support/tiny-project.ts';

const SECRET = 'a-secret-of-the-hook';
const SIGNING = `whsec_${Buffer.from('the key of the signing token').toString('base64')}`;
const ELSEWHERE = 'https://git.example.com/acme/models.git';

let system: BuildSystem;
let tiny: TinyProject;
/** The repository that people push to. */
let origin = '';
let api: ReturnType<typeof createApi>;
let clock: Date | undefined;
const log: string[] = [];

function apiWith(settings: object, token?: string): ReturnType<typeof createApi> {
  const { db, registry, artefacts, temporal } = system.context;
  const now = { now: () => clock ?? new Date() };
  return createApi({
    registry,
    artefacts,
    temporal,
    starter: createPipelineStarter(temporal),
    token,
    access: createAccess(db, now),
    rollouts: createRolloutStore(db, now),
    reports: createMonitorStore(db),
    mlflow: createMlflowStores(db, now),
    hooks: {
      settings: { debounceSeconds: 2, ...settings },
      triggers: [
        triggerSchema.parse({ repository: `file://${origin}`, project: 'models/tiny', data: tiny.data }),
        triggerSchema.parse({
          repository: ELSEWHERE,
          branch: 'release/*',
          project: 'pumps',
          deploy: 'approval',
        }),
      ],
      deliveries: createHookDeliveries(db, now),
      clock: now,
    },
    probes: {},
    logger: pino({ level: 'debug' }, { write: (line: string) => log.push(line) }),
  });
}

beforeAll(async () => {
  system = await createBuildSystem();
  tiny = createTinyProject(system.folder);
  origin = join(system.folder, 'origin.git');
  execFileSync('git', ['clone', '--quiet', '--bare', tiny.repository, origin]);
  gitIn(tiny.repository, 'remote', 'add', 'origin', origin);
  const secrets = { githubSecret: SECRET, gitlabToken: SECRET, azureDevopsSecret: SECRET };
  api = apiWith(secrets, 'the token of the API, which hooks do not have');
}, 120_000);
afterAll(() => system?.close());
afterEach(() => {
  clock = undefined;
});

async function send({ path, headers, body }: HookRequest, to = api) {
  const response = await to.request(path, { method: 'POST', headers, body });
  return { status: response.status, body: (await response.json()) as never };
}
const refused = (code: string, words: RegExp | string) => ({
  error: { code, message: expect.stringMatching(words), hint: expect.any(String) },
});
const facts = (over: Partial<PushFacts> = {}): PushFacts => ({
  repository: ELSEWHERE,
  branch: 'main',
  before: 'a'.repeat(40),
  after: 'b'.repeat(40),
  commits: [{ id: 'b'.repeat(40), touched: ['pumps/train.py'] }],
  delivery: crypto.randomUUID(),
  ...over,
});
const changed = (request: HookRequest, headers: Record<string, string>): HookRequest => ({
  ...request,
  headers: { ...request.headers, ...headers },
});

describe('who is believed', () => {
  const wrong = 'another-secret-altogether';
  test('a call with the secret of its provider, without the token of the API', async () => {
    for (const push of [githubPush, gitlabPush, azurePush]) {
      expect(await send(push(facts(), SECRET))).toMatchObject({
        status: 200,
        body: { ignored: expect.any(String) },
      });
      const stranger = await send(push(facts(), wrong));
      expect(stranger).toMatchObject({
        status: 403,
        body: refused('FORBIDDEN', /does not carry the secret/),
      });
    }
    const request = githubPush(facts(), SECRET);
    expect((await send({ ...request, body: `${request.body} ` })).status).toBe(403);
    expect((await send(changed(request, { 'x-hub-signature-256': '' }))).status).toBe(403);
    const basic = azurePush(facts(), wrong);
    expect((await send(changed(basic, { 'x-windlass-token': SECRET }))).status).toBe(200);
    expect((await api.request('/api/v1/models')).status).toBe(403);
  });

  test('nobody, where no secret is set; the answer names the setting', async () => {
    const bare = apiWith({});
    for (const push of [githubPush, gitlabPush, azurePush])
      expect(await send(push(facts(), ''), bare)).toMatchObject({
        status: 403,
        body: { error: { hint: expect.stringMatching(/WINDLASS_HOOKS_(GITHUB|GITLAB|AZURE_DEVOPS)_/) } },
      });
  });

  test('only a signed call, where GitLab has a signing token', async () => {
    const strict = apiWith({ gitlabToken: SECRET, gitlabSigningToken: SIGNING });
    const request = gitlabPush(facts(), SECRET);
    expect((await send(request, strict)).status).toBe(403);
    const signed = signGitlab(request, SIGNING);
    expect((await send(changed(signed, { 'webhook-id': 'another' }), strict)).status).toBe(403);
    expect((await send({ ...signed, body: signed.body.replace('ada', 'eve') }, strict)).status).toBe(403);
    expect((await send(signed, strict)).status).toBe(200);
    const old = signGitlab(gitlabPush(facts(), SECRET), SIGNING, new Date('2026-01-01'));
    clock = new Date('2026-03-01');
    expect(await send(old, strict)).toMatchObject({ status: 409, body: refused('CONFLICT', /59 days old/) });
  });

  test('secrets are never logged', () => {
    expect(log.length).toBeGreaterThan(10);
    expect(log.join('')).not.toMatch(new RegExp(`${SECRET}|${wrong}`));
  });
});

describe('what is taken', () => {
  test('a delivery once: not again, not with another id, until it is forgotten; then it is too old', async () => {
    const request = githubPush(facts(), SECRET);
    expect((await send(request)).status).toBe(200);
    expect(await send(request)).toMatchObject({ status: 409, body: refused('CONFLICT', /taken before/) });
    expect((await send(changed(request, { 'x-github-delivery': 'another' }))).status).toBe(409);
    clock = new Date(Date.now() + 31 * 86_400_000);
    expect(await send(request)).toMatchObject({ status: 409, body: refused('CONFLICT', /days old/) });
    expect((await send(githubPush(facts({ at: clock }), SECRET))).status).toBe(200);
    const { db } = system.context;
    const kept = await db.selectFrom('hook_deliveries').selectAll().execute();
    expect(kept.every((row) => row.received_at.getTime() === clock?.getTime())).toBe(true);
    for (const push of [gitlabPush, azurePush]) {
      const other = push(facts({ at: clock }), SECRET);
      expect([(await send(other)).status, (await send(other)).status]).toEqual([200, 409]);
    }
  });

  test('pings are answered; other events, tags, deleted branches and unknown branches start nothing, and say so', async () => {
    const body = JSON.stringify({ zen: 'x' });
    const other = (event: string): HookRequest => ({
      path: '/api/v1/hooks/git/github',
      headers: { 'x-github-event': event, 'x-hub-signature-256': signGithub(body, SECRET) },
      body,
    });
    expect((await send(other('ping'))).body).toEqual({ pong: true });
    expect((await send(other('issues'))).body).toMatchObject({
      ignored: expect.stringContaining('"issues" starts nothing'),
    });
    const tag = githubPush(facts(), SECRET);
    const tagBody = tag.body.replace('refs/heads/main', 'refs/tags/v1');
    const signed = changed({ ...tag, body: tagBody }, { 'x-hub-signature-256': signGithub(tagBody, SECRET) });
    expect((await send(signed)).body).toEqual({ ignored: 'refs/tags/v1 is not a branch' });
    expect((await send(githubPush(facts({ after: NO_COMMIT }), SECRET))).body).toEqual({
      ignored: 'main was deleted',
    });
    const json = githubPush(facts(), SECRET);
    const form = new URLSearchParams({ payload: json.body }).toString();
    const asForm = changed(
      { ...json, body: form },
      {
        'content-type': 'application/x-www-form-urlencoded',
        'x-hub-signature-256': signGithub(form, SECRET),
      },
    );
    for (const request of [githubPush(facts(), SECRET), asForm])
      expect((await send(request)).body).toEqual({ ignored: `no trigger is for main of ${ELSEWHERE}` });
  });

  test('what cannot be read is refused, and names what is missing', async () => {
    const broken = (body: string): HookRequest => ({
      path: '/api/v1/hooks/git/github',
      headers: { 'x-github-event': 'push', 'x-hub-signature-256': signGithub(body, SECRET) },
      body,
    });
    expect(await send(broken('{'))).toMatchObject({
      status: 400,
      body: refused('INPUT_INVALID', /not JSON/),
    });
    expect(await send(broken('{"ref":"refs/heads/main"}'))).toMatchObject({
      status: 400,
      body: refused('INPUT_INVALID', /after: .*repository: /),
    });
    expect((await send(broken('x'.repeat(9 * 1024 * 1024)))).body).toMatchObject(
      refused('INPUT_INVALID', /larger than/),
    );
  });

  test('a push that touches nothing of the project is skipped when all its files are told, and only then', async () => {
    const release = { branch: 'release/1', commits: [{ id: 'b'.repeat(40), touched: ['docs/a.md'] }] };
    for (const push of [githubPush, gitlabPush])
      expect((await send(push(facts(release), SECRET))).body).toEqual({
        ignored: 'no file below pumps/ was touched',
      });
    const many = Array.from({ length: 300 }, (_, i) => `docs/${i}.md`);
    const unclear = [
      githubPush(facts({ ...release, forced: true }), SECRET),
      githubPush(facts({ ...release, before: NO_COMMIT }), SECRET),
      githubPush(facts({ ...release, commits: [{ id: 'b'.repeat(40), touched: many }] }), SECRET),
      azurePush(facts(release), SECRET),
    ];
    for (const request of unclear)
      expect(await send(request)).toMatchObject({
        status: 202,
        body: { started: [{ project: 'pumps', branch: 'release/1', commit: 'b'.repeat(40) }] },
      });
    const handle = system.context.temporal.workflow.getHandle(
      'pushes-git.example.com/acme/models#pumps@release/1',
    );
    const first = (await handle.fetchHistory()).events?.find(
      (e) => e.workflowExecutionSignaledEventAttributes,
    );
    const payload = first?.workflowExecutionSignaledEventAttributes?.input?.payloads?.[0]?.data;
    expect(JSON.parse(Buffer.from(payload ?? []).toString())).toMatchObject({
      build: { project: `${ELSEWHERE}#pumps`, deploy: { policy: 'approval' }, actor: 'git push of ada' },
    });
    await handle.terminate('the test is over');
  });
});

describe('from git push to a model version', () => {
  const push = (name: string): { before: string; after: string } => {
    const before = gitIn(tiny.repository, 'rev-parse', 'HEAD');
    writeFileSync(join(tiny.project, 'note.txt'), name);
    const after = tiny.commit(`Note ${name}`);
    gitIn(tiny.repository, 'push', '--quiet', 'origin', 'main');
    return { before, after };
  };
  const tell = (moved: { before: string; after: string }): HookRequest =>
    githubPush(
      facts({
        repository: `file://${origin}`,
        ...moved,
        commits: [{ id: moved.after, touched: ['models/tiny/note.txt'] }],
      }),
      SECRET,
    );

  test('a burst builds its newest commit only, whatever the order in which it is told', async () => {
    const [one, two, three] = ['one', 'two', 'three'].map(push);
    for (const moved of [one, three, two])
      expect(await send(tell(moved!))).toMatchObject({
        status: 202,
        body: { started: [{ commit: moved?.after }] },
      });
    const handle = system.context.temporal.workflow.getHandle(
      `pushes-${origin.replace(/\.git$/, '')}#models/tiny@main`,
    );
    const state = () => handle.query<PushCoordinatorState>('pushes');
    const built = await waitFor(async () => ((await state()).builds.length > 0 ? state() : undefined), {
      timeoutMs: 120_000,
      everyMs: 250,
    });
    expect(built).toMatchObject({
      superseded: 2,
      builds: [{ commit: three?.after, outcome: 'tiny@1, NO_BASELINE' }],
    });
    const model = await system.context.registry.model('tiny', '1');
    const pipeline = await system.context.registry.pipeline('tiny', model?.pipeline.version ?? '');
    expect(pipeline?.source).toMatchObject({
      commit: three?.after,
      repository: `file://${origin}`,
      dirty: false,
    });
    expect(model?.createdBy).toBe('git push of ada');

    writeFileSync(join(tiny.project, 'check.py'), 'raise SystemExit(3)');
    await send(tell(push('broken')));
    const failed = await waitFor(async () => ((await state()).builds.length > 1 ? state() : undefined), {
      timeoutMs: 60_000,
      everyMs: 250,
    });
    expect(failed).toMatchObject({
      builds: [{}, { outcome: expect.stringMatching(/^failed: .*checks failed/s) }],
    });
    await handle.terminate('the test is over');
  }, 240_000);
});
