import type { ColumnDrift } from '../../src/contracts/monitoring/monitor.ts';
import {
  decide,
  type DecisionEvidence,
  type RetrainPolicy,
} from '../../src/domain/monitoring/retrain-policy.ts';

const column = (status: ColumnDrift['status'], name = 'Pressure'): ColumnDrift => ({
  column: name,
  psi: status === 'drift' ? 0.9 : 0.02,
  threshold: 0.2,
  status,
  n: 6000,
  meanShift: 0,
});
const policy: RetrainPolicy = {
  k: 2,
  m: 3,
  cooldownSeconds: 600,
  retrainOn: 'drift',
  maxEstimatedLoss: 0.05,
};
const evidence = (over: Partial<DecisionEvidence> = {}): DecisionEvidence => ({
  columns: [column('drift')],
  score: column('stable', 'score'),
  earlierDrift: [true],
  alarmShare: { reference: 0.03, now: 0.4 },
  secondsSinceLastRetrain: null,
  ...over,
});

describe('the retrain policy', () => {
  test.each<[string, Partial<DecisionEvidence>, Partial<RetrainPolicy>, string]>([
    ['no drift', { columns: [column('stable')] }, {}, 'none'],
    ['too little data is not drift', { columns: [column('insufficient')] }, {}, 'none'],
    ['first drift', { earlierDrift: [] }, {}, 'investigate'],
    ['drift long ago is outside the last m', { earlierDrift: [false, false, true] }, {}, 'investigate'],
    ['k of m', { earlierDrift: [false, true] }, {}, 'retrain'],
    ['drift that stopped', { columns: [column('stable')], earlierDrift: [true, true] }, {}, 'none'],
    ['cooldown', { secondsSinceLastRetrain: 599 }, {}, 'investigate'],
    ['after the cooldown', { secondsSinceLastRetrain: 600 }, {}, 'retrain'],
    ['never', {}, { retrainOn: 'never' }, 'investigate'],
    ['drift and loss', {}, { retrainOn: 'drift-and-loss' }, 'retrain'],
    [
      'drift without loss',
      { alarmShare: { reference: 0.03, now: 0.05 } },
      { retrainOn: 'drift-and-loss' },
      'investigate',
    ],
    [
      'loss unknown',
      { alarmShare: { reference: null, now: 0.8 } },
      { retrainOn: 'drift-and-loss' },
      'investigate',
    ],
    [
      'prediction drift alone',
      { columns: [column('stable')], score: column('drift', 'score') },
      {},
      'retrain',
    ],
  ])('%s', (_, change, rule, expected) => {
    expect(decide(evidence(change), { ...policy, ...rule }).decision).toBe(expected);
  });

  test('shows its arithmetic', () => {
    const { arithmetic } = decide(evidence(), policy);
    expect(arithmetic).toContain('Pressure: PSI 0.900 > 0.200 (n=6000)');
    expect(arithmetic).toContain('drift in 2 of the last 2 reports; persistent from 2 of 3');
    expect(arithmetic).toContain(
      'alarms in 0.400 of the windows, 0.030 on pumps in good order: estimated loss 0.370, allowed 0.050',
    );
  });
});
