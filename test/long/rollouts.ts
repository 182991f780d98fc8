import assert from 'node:assert/strict';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { verifyAudit } from '../../src/adapters/postgres/registry/audit-log.ts';
import type { FleetRolloutInput } from '../../src/contracts/rollout/rollout.ts';
import { TASK_QUEUES, WORKFLOWS } from '../../src/contracts/names.ts';
import { seededRandom } from '../../src/base/random.ts';
import { countDevices } from '../../src/domain/rollout/ring-counts.ts';
import { decideRing } from '../../src/domain/rollout/ring-decision.ts';
import type { fleetRollout } from '../../workflows/rollout/fleet-rollout.ts';
import { openRolloutBench, type RolloutBench } from '../support/rollout-bench.ts';
import type { Behaviour } from '../support/scripted-fleet.ts';
import { createTimeSkippingEnvironment } from '../support/time-skipping.ts';
import { untilTimeIsOver, type LongEntry } from './entry.ts';

const FAULTS: readonly Behaviour[] = [
  'crash-loop',
  'golden-mismatch',
  'wrong-model',
  'pull-failure',
  'never',
];

const ROLLOUT = {
  rings: [
    { name: 'canary', percent: 25 },
    { name: 'half', percent: 50 },
    { name: 'fleet', percent: 100 },
  ],

  soakSeconds: 2,
  pollSeconds: 1,
  ringTimeoutSeconds: 20,
  holdSeconds: 30,
  minDevices: 1,
  minCoverage: 0,
};

/** What holds after every rollout, whatever the devices did. */
async function checkRollout(
  bench: RolloutBench,
  rolloutId: string,
  expected: { version: string; outcome: string; faulty: ReadonlySet<string> },
): Promise<void> {
  const policy = (await bench.store.rollout(rolloutId))?.policy;
  assert(policy !== undefined);
  for (const { devices, counts, seconds, last, action } of await bench.store.decisions(rolloutId)) {
    assert.deepEqual(countDevices(devices), counts);
    const again: string = decideRing(countDevices(devices), policy, { seconds, last }).action;
    if (action === 'promote' || action === 'hold') assert.equal(again, action);
  }
  for (const { deviceId, verdict } of await bench.store.devices(rolloutId))
    assert(
      verdict !== 'failed' || expected.faulty.has(deviceId),
      `${deviceId} did well and counts as failed`,
    );
  const targets = [...(await bench.fleet.readTargets([...bench.devices.keys()])).values()];
  const own = targets.filter((target) => target === `pump-health-${expected.version}`);
  if (expected.outcome === 'reverted') assert.equal(own.length, 0);
  if (expected.outcome === 'completed') assert.equal(own.length, targets.length);
  assert.equal((await verifyAudit(bench.db)).ok, true);
}

async function simulate(env: TestWorkflowEnvironment, seed: number): Promise<string> {
  const random = seededRandom(seed);
  const devices = 4 + Math.floor(random() * 9);
  const share = random() < 0.5 ? 0 : random() * 0.5;
  const bench = await openRolloutBench({ devices });
  try {
    const faulty = new Map<string, Behaviour>();
    for (const id of bench.devices.keys())
      if (random() < share) faulty.set(id, FAULTS[Math.floor(random() * FAULTS.length)] ?? 'never');
    bench.behave((id, version) => (version === '2' ? (faulty.get(id) ?? 'well') : 'well'));
    const outcomes: string[] = [];
    await bench.withWorkers(env, async () => {
      for (const version of ['1', '2']) {
        await bench.version(version);
        const input: FleetRolloutInput = { model: `pump-health@${version}`, rollout: ROLLOUT, actor: 'ada' };
        const workflowId = `simulated-${seed}-${version}`;
        const result = await env.client.workflow.execute<typeof fleetRollout>(WORKFLOWS.fleetRollout, {
          taskQueue: TASK_QUEUES.control,
          workflowId,
          args: [input],
        });
        const { outcome, rolloutId } = result;
        await checkRollout(bench, rolloutId, { version, outcome, faulty: new Set(faulty.keys()) });
        outcomes.push(outcome);
      }
    });
    assert.equal(outcomes[0], 'completed');
    if (faulty.size === 0) assert.equal(outcomes[1], 'completed');
    return `${devices} devices, ${faulty.size} faulty: ${outcomes[1] ?? ''}`;
  } finally {
    await bench.close();
  }
}

/**
 * Rollouts to small fleets in which some devices take the second version badly, in skipped time.
 */
export const rollouts: LongEntry = {
  name: 'rollouts',
  summary: 'simulated rollouts to fleets with random defects: invariants of decisions, targets and audit',
  leastSeconds: 12,
  run: async ({ seed, seconds, log }) => {
    const env = await createTimeSkippingEnvironment();
    try {
      const rounds = await untilTimeIsOver(seconds - 5, async (round) => {
        log(`seed ${seed + round}: ${await simulate(env, seed + round)}`);
      });
      log(`${rounds} fleets`);
    } finally {
      await env.teardown();
    }
  },
};
