import type { Attestation } from '../../src/contracts/device/attestation.ts';
import type { EdgeModuleReport } from '../../src/contracts/device/evidence.ts';
import {
  judgeDevice,
  type DeviceJudgement,
  type DeviceMemory,
} from '../../src/domain/rollout/device-verdict.ts';
import type { DeviceEvidence } from '../../src/contracts/device/evidence.ts';

const IMAGE = 'sha256:1111';
const OLD_IMAGE = 'sha256:0000';
const MODEL = 'sha256:aaaa';
const OFFER = '2026-01-01T00:00:00.000Z';
const at = (seconds: number): string => new Date(Date.parse(OFFER) + seconds * 1000).toISOString();
const POLICY = { soakSeconds: 10, maxRestarts: 2 };

const first: DeviceMemory = {
  offeredAt: OFFER,
  restartsAtOffer: 0,
  lastRestartCount: null,
  restarts: 0,
  goodSince: null,
  downSince: null,
  verdict: 'waiting',
};

function agent(change: Partial<EdgeModuleReport> = {}): EdgeModuleReport {
  const settings = { image: `registry/pump-health@${IMAGE}` };
  return {
    status: 'running',
    runtimeStatus: 'running',
    restartCount: 0,
    lastStartTimeUtc: at(1),
    settings,
    ...change,
  };
}

function attests(change: Partial<Attestation> = {}): Attestation {
  return {
    state: 'scoring',
    model: { name: 'pump-health', version: '2', digest: MODEL },
    image: `registry/pump-health@${IMAGE}`,
    golden: { rows: 64, maxAbsDiff: 1e-7, match: true },
    calibration: { state: 'fitted', rows: 400 },
    startedAt: at(2),
    ...change,
  };
}

function evidence(change: Partial<DeviceEvidence> = {}): DeviceEvidence {
  const [agentNow, attestation] = [agent(), attests()];
  return {
    deviceId: 'pump-1',
    connected: true,
    lastActivity: at(3),
    agent: agentNow,
    attestation,
    ...change,
  };
}

function judge(
  seen: Partial<DeviceEvidence>,
  seconds: number,
  memory: DeviceMemory = first,
  policy = POLICY,
): DeviceJudgement {
  const wanted = { imageDigest: IMAGE, modelDigest: MODEL };
  return judgeDevice(evidence(seen), { wanted, memory, policy, now: at(seconds) });
}

test('good only after the soak, counted from the first look at which everything was right', () => {
  const one = judge({}, 5);
  expect(one).toMatchObject({ verdict: 'soaking', running: true, attested: true, goodSince: at(5) });
  const two = judge({}, 14, one);
  expect(two.verdict).toBe('soaking');
  expect(judge({}, 15, two)).toMatchObject({ verdict: 'good', reason: 'right for 10 s' });
});

test('a restart during the soak starts the soak again', () => {
  const one = judge({}, 5);
  const two = judge({ agent: agent({ restartCount: 1 }) }, 12, one);
  expect(two).toMatchObject({ verdict: 'soaking', restarts: 1, goodSince: at(12) });
});

test('no contact since the offer is waiting, whatever the twins still say', () => {
  const away = { connected: false, lastActivity: at(-60) };
  expect(judge(away, 500)).toMatchObject({
    verdict: 'waiting',
    reachable: false,
    running: false,
    attested: false,
  });
  expect(judge({ ...away, lastActivity: null }, 500).verdict).toBe('waiting');
  expect(judge({ ...away, agent: agent({ runtimeStatus: 'failed' }) }, 500).verdict).toBe('waiting');
});

test('a device that leaves before it was judged is lost, neither good nor failed', () => {
  const one = judge({}, 5);
  const gone = judge({ connected: false, lastActivity: at(8) }, 60, one);
  expect(gone).toMatchObject({ verdict: 'lost', reachable: true });
  const updating = judge({ connected: false, agent: agent({ settings: { image: OLD_IMAGE } }) }, 60);
  expect(updating.verdict).toBe('lost');
});

test.each(['calibrating', 'uncalibrated'] as const)(
  'a device that is %s runs the version well; the reason says that it does not score yet',
  (state) => {
    const attestation = attests({ state, calibration: { state: 'missing', rows: 0 } });
    const one = judge({ attestation }, 5);
    expect(judge({ attestation }, 15, one)).toMatchObject({
      verdict: 'good',
      reason: `right for 10 s; does not score yet: ${state}`,
    });
  },
);

test('a device that leaves after it was seen right for the whole soak is good', () => {
  expect(judge({ connected: false, lastActivity: at(16) }, 60, judge({}, 5)).verdict).toBe('good');
});

test('the old image, no report yet, and no attestation yet are updating', () => {
  expect(judge({ agent: agent({ settings: { image: OLD_IMAGE } }) }, 5).verdict).toBe('updating');
  expect(judge({ agent: null, attestation: null }, 5)).toMatchObject({ verdict: 'updating', running: false });
  expect(judge({ attestation: null }, 5)).toMatchObject({
    verdict: 'updating',
    running: true,
    attested: false,
  });
  expect(judge({ agent: agent({ runtimeStatus: 'downloading' }) }, 5).verdict).toBe('updating');
});

test('what the module said before its last start is not about this image', () => {
  const stale = attests({
    image: OLD_IMAGE,
    startedAt: at(-500),
    model: { name: 'pump-health', version: '1', digest: 'sha256:old' },
  });
  expect(judge({ attestation: stale }, 5).verdict).toBe('updating');
});

test('a wrong model digest, golden rows that do not match, and a module that gives up fail at once', () => {
  const wrong = attests({ model: { name: 'pump-health', version: '2', digest: 'sha256:bbbb' } });
  expect(judge({ attestation: wrong }, 5)).toMatchObject({
    verdict: 'failed',
    reason: expect.stringContaining('sha256:bbbb'),
  });
  const golden = attests({ golden: { rows: 64, maxAbsDiff: 0.3, match: false } });
  expect(judge({ attestation: golden }, 5)).toMatchObject({
    verdict: 'failed',
    reason: expect.stringContaining('0.3'),
  });
  expect(judge({ attestation: attests({ state: 'failed' }) }, 5).verdict).toBe('failed');
  expect(judge({ attestation: attests({ state: 'starting' }) }, 5).verdict).toBe('updating');
});

test('restarts since the offer: growing, counted anew by the agent, and over the limit', () => {
  const before = { ...first, restartsAtOffer: 5 };
  const one = judge({ agent: agent({ restartCount: 5 }) }, 5, before);
  expect(one).toMatchObject({ restarts: 0, verdict: 'soaking' });
  const anew = judge({ agent: agent({ restartCount: 1 }) }, 5, before);
  expect(anew).toMatchObject({ restarts: 1, lastRestartCount: 1 });
  expect(judge({ agent: agent({ restartCount: 3 }) }, 5)).toMatchObject({ verdict: 'failed', restarts: 3 });
  const two = judge({ agent: agent({ restartCount: 2 }) }, 5);
  expect(two.verdict).toBe('soaking');
  expect(judge({ agent: agent({ restartCount: 3, runtimeStatus: 'backoff' }) }, 6, two).verdict).toBe(
    'failed',
  );
});

test.each(['failed', 'backoff', 'unhealthy', 'stopped'] as const)(
  'a module that stays %s for the confirmation fails; one that comes back does not',
  (status) => {
    const one = judge({ agent: agent({ runtimeStatus: status, restartCount: 1 }) }, 5);
    expect(one).toMatchObject({ verdict: 'updating', downSince: at(5) });
    expect(judge({ agent: agent({ runtimeStatus: status, restartCount: 1 }) }, 14, one).verdict).toBe(
      'updating',
    );
    expect(judge({ agent: agent({ runtimeStatus: status, restartCount: 1 }) }, 15, one).verdict).toBe(
      'failed',
    );
    expect(judge({ agent: agent({ restartCount: 1 }) }, 14, one)).toMatchObject({
      downSince: null,
      verdict: 'soaking',
    });
  },
);

test('a long soak does not delay the confirmation of a failure beyond 15 s', () => {
  const long = { ...POLICY, soakSeconds: 3600 };
  const down = { agent: agent({ runtimeStatus: 'backoff' }) };
  const one = judge(down, 5, first, long);
  expect(judge(down, 19, one, long).verdict).toBe('updating');
  expect(judge(down, 20, one, long).verdict).toBe('failed');
});

test('a deployment that the agent could not apply fails the device after the confirmation', () => {
  const refused = {
    agent: agent({ settings: { image: OLD_IMAGE } }),
    lastDesired: { code: 500, description: 'pull failed' },
  };
  const one = judge(refused, 5);
  expect(one.verdict).toBe('updating');
  expect(judge(refused, 15, one)).toMatchObject({
    verdict: 'failed',
    reason: expect.stringContaining('pull failed'),
  });
});

test('a good device that breaks before its ring is decided is no longer good', () => {
  const good = judge({}, 15, judge({}, 5));
  expect(good.verdict).toBe('good');
  expect(judge({ agent: agent({ restartCount: 3 }) }, 20, good).verdict).toBe('failed');
});
