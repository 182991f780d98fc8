import { WORKFLOWS, workflowIds } from '../../../../src/contracts/names.ts';
import { ROLLOUT_MESSAGES } from '../../../../src/contracts/rollout/messages.ts';
import type { Bench, Handle } from '../bench.ts';
import type { HistoryKeeper } from '../keep-history.ts';
import { QUICK } from '../quick-rollout.ts';
import { ends, reaches, steer } from '../steer.ts';

/** Rollouts that end in each way, in the middle of one, and steered by each message. */
export async function recordRollouts(bench: Bench, keeper: HistoryKeeper): Promise<void> {
  const { rollouts } = bench;
  const start = (name: string, version: string, policy: object = {}): Promise<Handle> =>
    bench.start(WORKFLOWS.fleetRollout, `rollout-${name}`, {
      model: `pump-health@${version}`,
      actor: 'ada',
      rollout: { ...QUICK, ...policy },
    });
  const keep = (name: string, handle: Handle) => keeper.keep(`fleet-rollout.${name}`, handle);
  const slow = { soakSeconds: 600 };

  await bench.version('one');
  const completed = await start('completed', '1');
  await completed.result();
  await keep('completed', completed);
  await bench.env.client.workflow
    .getHandle(workflowIds.stragglers('pump-health', '1', completed.firstExecutionRunId.slice(0, 8)))
    .terminate('a watch that waits more than a recording can');

  for (const words of ['two', 'three']) await bench.version(words);
  const approved = await start('approved', '2', { approvals: ['fleet'], ...slow });
  await reaches(approved, 'soaking');
  await steer(approved, ROLLOUT_MESSAGES.pause, {});
  await steer(approved, ROLLOUT_MESSAGES.resume, {});
  await reaches(approved, 'soaking');
  await keep('soaking', approved);
  const newer = await start('newer', '3', { approvals: ['canary', 'fleet'] });
  await ends(approved, 'COMPLETED');
  await keep('superseded', approved);
  await reaches(newer, 'awaiting-approval');
  await steer(newer, ROLLOUT_MESSAGES.approve, { ring: 'canary' });
  await reaches(newer, 'awaiting-approval');
  await keep('awaiting-approval', newer);
  await steer(newer, ROLLOUT_MESSAGES.abort, { mode: 'keep' });
  await newer.result();
  await keep('aborted', newer);

  const aborted = await start('aborted', '3', slow);
  await reaches(aborted, 'soaking');
  await steer(aborted, ROLLOUT_MESSAGES.abort, { mode: 'revert' });
  await aborted.result();
  await keep('aborted-and-reverted', aborted);

  const cancelled = await start('cancelled', '3', slow);
  await reaches(cancelled, 'soaking');
  await cancelled.cancel();
  await ends(cancelled, 'CANCELLED');
  await keep('cancelled', cancelled);

  const refused = await start('refused', '99');
  await ends(refused, 'FAILED');
  await keep('refused', refused);

  rollouts.behave((_, version) => (version === '2' ? 'crash-loop' : 'well'));
  const reverted = await start('reverted', '2');
  await reverted.result();
  await keep('reverted', reverted);

  rollouts.behave((_, version) => (version === '2' ? 'never' : 'well'));
  const held = await start('held', '2', { ringTimeoutSeconds: 2 });
  await reaches(held, 'held');
  await keep('held', held);
  await steer(held, ROLLOUT_MESSAGES.abort, { mode: 'revert' });
  await held.result();
  rollouts.behave(() => 'well');
}

/** A rollout that is so long that it continues as new. */
export async function recordLongRollout(bench: Bench, keeper: HistoryKeeper): Promise<void> {
  const { version } = await bench.version('long');
  const handle = await bench.start(WORKFLOWS.fleetRollout, 'rollout-long', {
    model: `pump-health@${version}`,
    actor: 'ada',
    rollout: {
      ...QUICK,
      soakSeconds: 2,
      rings: [20, 40, 60, 75, 100].map((percent) => ({ name: `to-${percent}`, percent })),
    },
  });
  await handle.result();
  const runId = handle.firstExecutionRunId;
  await keeper.keep('fleet-rollout.continued', { workflowId: handle.workflowId, runId });
  await keeper.keep('fleet-rollout.continued-end', handle);
}
