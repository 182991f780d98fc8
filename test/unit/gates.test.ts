import { finePercent, percent, shortPercent } from '../../src/base/percent.ts';
import { atMost, gate } from '../../src/domain/gates/build.ts';
import { describeGate, listGates } from '../../src/domain/gates/format.ts';
import { gateReasons, gateRefusal } from '../../src/domain/gates/refuse.ts';

const SEEN = { observed: 1, threshold: 2, n: 3, reason: 'why' };
const [passed, warned] = [gate('a', true, SEEN), gate('b', 'warn', SEEN)];
const [failed, short] = [gate('c', false, SEEN), gate('d', 'insufficient', { ...SEEN, n: null })];

test('a verdict is a status, or whether the gate passes', () => {
  expect(passed).toEqual({ name: 'a', status: 'pass', ...SEEN });
  expect([warned, failed, short].map((g) => g.status)).toEqual(['warn', 'fail', 'insufficient']);
});

test.each([
  [1.23456, 'pass', 1.235],
  [2, 'pass', 2],
  [2.1, 'fail', 2.1],
  [Number.NaN, 'fail', 'NaN'],
  [Infinity, 'fail', 'Infinity'],
] as const)('%d up to 2: %s', (value, status, observed) => {
  const judged = atMost('limit', { observed: value, max: 2, n: 1, good: 'good', bad: 'bad' });
  expect(judged).toEqual({
    name: 'limit',
    status,
    observed,
    threshold: 2,
    n: 1,
    reason: status === 'pass' ? 'good' : 'bad',
  });
});

test('only failed and insufficient gates stand in the way', () => {
  expect(gateRefusal([passed, warned], 'the model')).toBeUndefined();
  expect(gateRefusal([passed, failed, short], 'the model')).toBe(
    '2 of 3 gates of the model did not pass:\n- c: fail (observed 1, threshold 2, n=3) why\n- d: insufficient (observed 1, threshold 2) why',
  );
  expect(gateReasons([passed, warned])).toBeUndefined();
  expect(gateReasons([passed, failed, short])).toBe(`${describeGate(failed)}; ${describeGate(short)}`);
  expect(gateReasons([])).toBe('no gate was checked');
  expect(listGates([passed, warned])).toBe(`- ${describeGate(passed)}\n- ${describeGate(warned)}`);
});

test('shares in percent', () => {
  expect([percent(0.0712), percent(0.05), percent(0.126, 0)]).toEqual(['7.1 %', '5.0 %', '13 %']);
  expect([finePercent(0.00123), finePercent(0.0712)]).toEqual(['0.12 %', '7.1 %']);
  expect([shortPercent(0.05), shortPercent(0.0712)]).toEqual(['5 %', '7.1 %']);
});
