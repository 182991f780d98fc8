import assert from 'node:assert/strict';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { verifyAudit } from '../../src/adapters/postgres/registry/audit-log.ts';
import { TASK_QUEUES, WORKFLOWS } from '../../src/contracts/names.ts';
import { seededRandom } from '../../src/base/random.ts';
import type { fleetRollout } from '../../workflows/rollout/fleet-rollout.ts';
import { createDevServer } from '../support/dev-server.ts';
import { openRolloutBench } from '../support/rollout-bench.ts';
import { startRolloutWorker } from '../support/rollout-worker.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { untilTimeIsOver, type LongEntry } from './entry.ts';

const DEVICES = 8;
const ROLLOUT = {
  rings: [
    { name: 'canary', percent: 25 },
    { name: 'fleet', percent: 100 },
  ],
  soakSeconds: 2,
  pollSeconds: 1,
  ringTimeoutSeconds: 600,
};

/** One rollout whose worker is killed at a random moment; a second one ends it. */
async function killedOnce(env: TestWorkflowEnvironment, seed: number): Promise<string> {
  const random = seededRandom(seed);
  const folder = tempFolder('chaos');
  const bench = await openRolloutBench({ devices: DEVICES });
  try {
    await bench.version('one');
    const first = await startRolloutWorker(bench, env, folder.path);
    const workflowId = `chaos-${seed}`;
    const handle = await env.client.workflow.start<typeof fleetRollout>(WORKFLOWS.fleetRollout, {
      taskQueue: TASK_QUEUES.control,
      workflowId,
      args: [{ model: 'pump-health@1', rollout: ROLLOUT, actor: 'ada' }],
    });
    const after = Math.round(random() * 8000);
    await delay(after);
    first.kill('SIGKILL');
    await once(first, 'exit');
    const second = await startRolloutWorker(bench, env, folder.path);
    try {
      const result = await handle.result();
      assert.equal(result.outcome, 'completed');
      assert.equal(result.pendingDevices, 0);
    } finally {
      second.kill('SIGTERM');
      await once(second, 'exit');
    }
    assert(
      [...bench.devices.values()].every((device) => device.ran.length === 1),
      'a device took it twice',
    );
    const decisions = (await bench.store.decisions(workflowId)).map((d) => `${d.ring} ${d.action}`);
    assert.deepEqual(decisions, ['canary promote', 'fleet promote']);
    assert.equal((await verifyAudit(bench.db)).ok, true);
    return `killed after ${after} ms`;
  } finally {
    await bench.close();
    folder.remove();
  }
}

/** `kill -9` of the product's worker in the middle of rollouts. */
export const chaos: LongEntry = {
  name: 'chaos',
  summary: 'the worker is killed at random moments of a rollout: it goes on, and nothing is done twice',
  leastSeconds: 25,
  run: async ({ seed, seconds, log }) => {
    const env = await createDevServer();
    try {
      const rounds = await untilTimeIsOver(seconds - 20, async (round) => {
        log(`seed ${seed + round}: ${await killedOnce(env, seed + round)}`);
      });
      log(`${rounds} rollouts`);
    } finally {
      await env.teardown();
    }
  },
};
