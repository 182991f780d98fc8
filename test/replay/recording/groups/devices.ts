import { join } from 'node:path';
import { WORKFLOWS } from '../../../../src/contracts/names.ts';
import type { StragglerWatchInput } from '../../../../src/contracts/rollout/straggler-watch.ts';
import type { Bench } from '../bench.ts';
import type { HistoryKeeper } from '../keep-history.ts';
import { QUICK } from '../quick-rollout.ts';
import { continues, ends } from '../steer.ts';

/** Calibrations of a device: delivered, only kept, and one that fails. */
export async function recordCalibrations(bench: Bench, keeper: HistoryKeeper): Promise<void> {
  const { data } = await bench.tiny();
  const calibrate = (name: string, input: object) =>
    bench.start(WORKFLOWS.calibrateDevice, `calibrate-${name}`, {
      model: 'tiny@champion',
      device: 'pump-001',
      data: join(data, 'pump-1.csv'),
      ...input,
    });
  const delivered = await calibrate('delivered', {});
  await delivered.result();
  await keeper.keep('calibrate-device.delivered', delivered);
  const kept = await calibrate('kept', { deliver: false });
  await kept.result();
  await keeper.keep('calibrate-device.kept', kept);
  const failed = await calibrate('failed', { data });
  await ends(failed, 'FAILED');
  await keeper.keep('calibrate-device.failed', failed);
}

/** A watch that continues as new while a device is away, and ends when the device returns. */
export async function recordStragglers(bench: Bench, keeper: HistoryKeeper): Promise<void> {
  const { rollouts, away } = bench;
  const { name: model, version } = await bench.version('away');
  const rollout = await bench.start(WORKFLOWS.fleetRollout, 'rollout-away', {
    model: `${model}@${version}`,
    rollout: QUICK,
  });
  await rollout.result();
  const input: StragglerWatchInput = {
    rolloutId: rollout.workflowId,
    mode: 'deploy',
    model,
    version,
    firstSeconds: 0.1,
    longestSeconds: 0.1,
  };
  const watch = await bench.start(WORKFLOWS.stragglerWatch, 'stragglers', input);
  await continues(watch);
  await keeper.keep('straggler-watch.continued', {
    workflowId: watch.workflowId,
    runId: watch.firstExecutionRunId,
  });
  await rollouts.devices.get(away)?.connect();
  await watch.result();
  await keeper.keep('straggler-watch.completed', watch);
  await rollouts.devices.get(away)?.disconnect();

  const back = await bench.start(WORKFLOWS.stragglerWatch, 'stragglers-back', { ...input, mode: 'revert' });
  await back.result();
  await keeper.keep('straggler-watch.reverted', back);
}
