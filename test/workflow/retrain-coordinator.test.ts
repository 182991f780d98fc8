import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import type { ControlActivities } from '../../activities/registry/registry-activities.ts';
import { resolveInput } from '../../activities/shared/resolve-input.ts';
import { toApplicationFailure } from '../../activities/shared/failure.ts';
import type { DataEvent } from '../../src/contracts/monitoring/monitor.ts';
import { NEW_DATA_SIGNAL, WORKFLOWS } from '../../src/contracts/names.ts';
import type { CoordinatorState } from '../../workflows/monitoring/retrain-coordinator.ts';
import { loadWorkflowBundle } from '../../workers/workflow-bundle.ts';
import { createTimeSkippingEnvironment } from '../support/time-skipping.ts';
import { missingPart } from '../support/outside-parts.ts';
import { testUnless } from '../support/unless.ts';
import '../support/quiet-temporal.ts';

/**
 * The coordinator alone: its child's first activity waits in a queue that nobody serves, so the
 * child stays running.
 */
const timeTest = testUnless(await missingPart('temporal-test-server'));
let env: TestWorkflowEnvironment;

beforeAll(async () => {
  env = await createTimeSkippingEnvironment();
}, 60_000);
afterAll(async () => {
  await env.teardown();
});

const control: Pick<ControlActivities, 'resolveInput'> = {
  resolveInput: (name, raw) =>
    Promise.resolve()
      .then(() => resolveInput(name, raw))
      .catch((e: unknown) => Promise.reject(toApplicationFailure(e))),
};

async function withWorker(taskQueue: string, work: () => Promise<void>): Promise<void> {
  const worker = await Worker.create({
    connection: env.nativeConnection,
    taskQueue,
    workflowBundle: await loadWorkflowBundle(),
    activities: control,
  });
  await worker.runUntil(work);
}

async function until<T>(read: () => Promise<T>, holds: (value: T) => boolean): Promise<T> {
  const deadline = Date.now() + 20_000;
  for (;;) {
    const value = await read();
    if (holds(value)) return value;
    if (Date.now() > deadline) throw new Error(`not in time; last seen: ${JSON.stringify(value)}`);
  }
}

timeTest(
  'events are coalesced after a quiet time; bad and repeated ones are left out and said',
  async () => {
    await withWorker('coordinate', async () => {
      const handle = await env.client.workflow.signalWithStart(WORKFLOWS.retrainCoordinator, {
        taskQueue: 'coordinate',
        workflowId: 'retrain-coordinator-pump-health',
        args: [{ model: 'pump-health', debounceSeconds: 5 }],
        signal: NEW_DATA_SIGNAL,
        signalArgs: [{ model: 'pump-health', data: 'data/a', id: 'export-1' }],
      });
      const send = (event: Partial<DataEvent>) => handle.signal(NEW_DATA_SIGNAL, event);
      const state = () => handle.query<CoordinatorState>('coordinator');
      await until(state, (s) => s.pending.length === 1);
      await send({ model: 'pump-health', data: 'data/a', id: 'export-1' });
      const repeated = await until(state, (s) => s.last.startsWith('ignored'));
      expect(repeated.last).toContain('export-1 was taken before');
      await send({ model: 'pump-health' });
      const bad = await until(state, (s) => s.last.includes('not valid'));
      expect(bad.last).toMatch(/data: .*expected/i);
      await send({ model: 'other', data: 'data/b' });
      await until(state, (s) => s.last.includes('the event for other'));
      await send({ model: 'pump-health', data: 'data/c' });
      const waiting = await until(state, (s) => s.pending.length === 2);
      expect(waiting.retrains).toBe(0);

      await env.sleep('6 seconds');
      const started = await until(state, (s) => s.retrains === 1);
      expect(started.pending).toEqual([]);
      expect(started.last).toBe('retraining on data/c for 2 events');
      const history = await handle.fetchHistory();
      const children =
        history.events?.filter((e) => e.startChildWorkflowExecutionInitiatedEventAttributes) ?? [];
      expect(children).toHaveLength(1);

      await send({ model: 'pump-health', data: 'data/d', id: 'export-2' });
      await handle.terminate('the test is over');
    });
  },
  60_000,
);
