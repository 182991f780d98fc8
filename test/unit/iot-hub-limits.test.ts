import { HUB_TIERS } from '../../src/contracts/device/hub-tier.ts';
import { parseServiceConnection } from '../../src/adapters/iot-hub/hub-config.ts';
import { HubDeadlineError, toHubFailure } from '../../src/adapters/iot-hub/hub-failure.ts';
import { RateLimiter } from '../../src/adapters/iot-hub/rate-limiter.ts';

describe('rate limiter', () => {
  test('gives the burst at once, then the sustained rate in turn', () => {
    let now = 0;
    const limiter = new RateLimiter('S1', { now: () => now });
    const burst = Array.from({ length: 20 }, () => limiter.reserve('query'));
    expect(burst).toEqual(Array.from({ length: 20 }, () => 0));
    expect([limiter.reserve('query'), limiter.reserve('query')].map(Math.round)).toEqual([3000, 6000]);
    now = 6000;
    expect(Math.round(limiter.reserve('query'))).toBe(3000);
    now = 10 * 60_000;
    expect(limiter.reserve('query')).toBe(0);
  });

  test('never lets more through than rate times time plus burst', () => {
    let now = 0;
    const limiter = new RateLimiter('S1', { now: () => now });
    const { perSecond = 0, burst = 0 } = HUB_TIERS.S1['twin-update'] ?? {};
    const starts: number[] = [];
    for (let i = 0; i < 1000; i += 1) {
      starts.push(now + limiter.reserve('twin-update'));
      now += 5;
    }
    for (const until of [500, 1000, 3000, 9000]) {
      const allowed = burst + (perSecond * until) / 1000 + 1;
      expect(starts.filter((start) => start < until).length).toBeLessThanOrEqual(allowed);
    }
    expect(starts.filter((start) => start < 9000).length).toBeGreaterThan((perSecond * 9000) / 1000);
  });

  test('operations do not share a bucket; units and share scale; tier none does not wait', () => {
    const now = (): number => 0;
    const half = new RateLimiter('S1', { now, share: 0.5 });
    for (let i = 0; i < 10; i += 1) half.reserve('query');
    expect(Math.round(half.reserve('query'))).toBe(6000);
    expect(half.reserve('twin-read')).toBe(0);
    const two = new RateLimiter('S1', { now, units: 2 });
    for (let i = 0; i < 40; i += 1) two.reserve('query');
    expect(Math.round(two.reserve('query'))).toBe(1500);
    const none = new RateLimiter('none');
    expect(Array.from({ length: 1000 }, () => none.reserve('query')).every((wait) => wait === 0)).toBe(true);
  });

  test('a hub that says to slow down is left alone for that long', () => {
    const limiter = new RateLimiter('S1', { now: () => 0 });
    limiter.pause('query', 30_000);
    expect(Math.round(limiter.reserve('query'))).toBe(33_000);
  });
});

describe('failures', () => {
  const refusal = (statusCode: number, responseBody: string, headers: Record<string, string> = {}): unknown =>
    Object.assign(new Error('x'), { response: { statusCode, headers }, responseBody });

  test.each([
    [429, 'HUB_THROTTLED', true],
    [404, 'NOT_FOUND', false],
    [409, 'CONFLICT', false],
    [412, 'CONFLICT', false],
    [400, 'HUB_REFUSED', false],
    [401, 'HUB_REFUSED', false],
    [403, 'HUB_REFUSED', false],
    [408, 'HUB_UNREACHABLE', true],
    [500, 'HUB_UNREACHABLE', true],
    [503, 'HUB_UNREACHABLE', true],
  ])('HTTP %i is %s', (status, code, retryable) => {
    const failure = toHubFailure(refusal(status, '{"Message":"ErrorCode:Some;words"}'), 'testing');
    expect(failure).toMatchObject({ code, retryable });
  });

  test('the hub’s words come through whole, in both of its forms', () => {
    const plain = toHubFailure(
      refusal(400, '{"Message":"ErrorCode:ArgumentInvalid;one; two; three"}'),
      'reading p1',
    );
    expect(plain.message).toBe(
      'The hub refused while reading p1 (HTTP 400, ArgumentInvalid: one; two; three).',
    );
    const nested = {
      Message: JSON.stringify({ errorCode: 404001, message: 'no such device', trackingId: 't' }),
    };
    const json = toHubFailure(refusal(404, JSON.stringify(nested)), 'reading p1');
    expect(json.details).toMatchObject({ status: 404, errorCode: '404001', message: 'no such device' });
    expect(toHubFailure(refusal(502, '<html>bad gateway</html>'), 'x').message).toContain('bad gateway');
    expect(toHubFailure(refusal(429, '', { 'retry-after': '7' }), 'x').details).toMatchObject({
      retryAfterSeconds: 7,
    });
  });

  test('no answer is an unreachable hub', () => {
    expect(toHubFailure(new HubDeadlineError(50), 'x')).toMatchObject({
      code: 'HUB_UNREACHABLE',
      retryable: true,
    });
    const refused = Object.assign(new Error(''), { code: 'ECONNREFUSED' });
    expect(toHubFailure(refused, 'x').message).toContain('ECONNREFUSED');
  });
});

test('a connection string without a part names the part and not the key', () => {
  expect(() => parseServiceConnection('HostName=h;SharedAccessKey=secret=')).toThrow(
    /no SharedAccessKeyName/,
  );
  expect(() => parseServiceConnection('HostName=h;SharedAccessKey=secret=')).not.toThrow(/secret/);
  expect(parseServiceConnection('HostName=h;SharedAccessKeyName=p;SharedAccessKey=a=b=')).toEqual({
    hostname: 'h',
    policy: 'p',
    key: 'a=b=',
  });
});
