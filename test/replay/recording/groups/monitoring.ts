import { NEW_DATA_SIGNAL, WORKFLOWS } from '../../../../src/contracts/names.ts';
import type { DataEvent } from '../../../../src/contracts/monitoring/monitor.ts';
import type { CoordinatorState } from '../../../../workflows/monitoring/retrain-coordinator.ts';
import type { Bench } from '../bench.ts';
import type { HistoryKeeper } from '../keep-history.ts';
import { answers, continues, ends, lengthen } from '../steer.ts';

/** Monitoring that finds nothing, that retrains because it is told to, and that fails. */
export async function recordMonitoring(bench: Bench, keeper: HistoryKeeper): Promise<void> {
  const { data } = await bench.tiny();
  const monitor = (name: string, input: object) =>
    bench.start(WORKFLOWS.monitorAndRetrain, `monitor-${name}`, { model: 'tiny', ...input });
  const quiet = await monitor('quiet', {});
  await quiet.result();
  await keeper.keep('monitor-and-retrain.quiet', quiet);
  const forced = await monitor('forced', { force: true, data });
  await forced.result();
  await keeper.keep('monitor-and-retrain.retrained', forced);
  const failed = await monitor('failed', { model: 'nobody' });
  await ends(failed, 'FAILED');
  await keeper.keep('monitor-and-retrain.failed', failed);
}

/**
 * A retrain coordinator that takes good, repeated and bad events, retrains, and continues as new.
 * It never completes.
 */
export async function recordNewData(bench: Bench, keeper: HistoryKeeper): Promise<void> {
  const { data } = await bench.tiny();
  const handle = await bench.start(WORKFLOWS.retrainCoordinator, 'retrain-coordinator-tiny', {
    model: 'tiny',
    debounceSeconds: 1,
  });
  const send = (event: Partial<DataEvent>) => handle.signal(NEW_DATA_SIGNAL, event);
  await send({ model: 'tiny', data, id: 'export-1' });
  await send({ model: 'tiny' });
  await answers<CoordinatorState>(handle, 'coordinator', ({ last }) => /^made tiny@/.test(last));
  await send({ model: 'tiny', data: `${data}/nowhere`, id: 'export-2' });
  await answers<CoordinatorState>(handle, 'coordinator', ({ last }) => /retrain failed/.test(last));
  const repeat = () => send({ model: 'tiny', data, id: 'export-1' });
  await lengthen(handle, repeat);
  await repeat(); // it looks at the length when something comes
  await continues(handle);
  const { workflowId, firstExecutionRunId: runId } = handle;
  await keeper.keep('retrain-coordinator.continued', { workflowId, runId });
  await keeper.keep('retrain-coordinator.open', { workflowId });
}
