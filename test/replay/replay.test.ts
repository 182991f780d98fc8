import { globSync } from 'node:fs';
import { join } from 'node:path';
import { bundleWorkflowCode, DefaultLogger, Runtime, Worker, type WorkflowBundle } from '@temporalio/worker';
import { WORKFLOWS } from '../../src/contracts/names.ts';
import { loadWorkflowBundle } from '../../workers/workflow-bundle.ts';
import { readHistories, type RecordedHistory } from './histories.ts';

const ROOT = join(import.meta.dirname, '../..');
const logger = new DefaultLogger('ERROR');
// Core warns of each replay that fails, which is what a test here wants.
Runtime.install({ logger, telemetryOptions: { logging: { filter: { core: 'ERROR', other: 'ERROR' } } } });
const histories = readHistories();

/** Replays histories against workflow code: the names of those that fail, each with its reason. */
async function failures(
  workflowBundle: WorkflowBundle,
  recorded: readonly RecordedHistory[],
): Promise<Record<string, string>> {
  const failed: Record<string, string> = {};
  const names = recorded.map(({ name }) => name);
  const runs = recorded.map(({ workflowId, events }) => ({ workflowId, history: { events } as never }));
  for await (const { error } of Worker.runReplayHistories({ workflowBundle }, runs)) {
    const name = names.shift() ?? ''; // one after the other
    if (error !== undefined) failed[name] = error.message;
  }
  if (names.length > 0) throw new Error(`not replayed: ${names.join(', ')}`);
  return failed;
}

test('every recorded history replays on the workflows of today', async () => {
  expect(await failures(await loadWorkflowBundle(logger), histories)).toEqual({});
}, 60_000);

describe('a change of a workflow that runs', () => {
  const rollouts = histories.filter(({ workflow }) => workflow === WORKFLOWS.fleetRollout);
  const changed = (file: string): Promise<WorkflowBundle> =>
    bundleWorkflowCode({ workflowsPath: join(import.meta.dirname, 'changed', file), logger });

  test('fails the replay: a step before the first one', async () => {
    const failed = await failures(await changed('broken.ts'), rollouts);
    expect(Object.keys(failed)).toEqual(rollouts.map(({ name }) => name));
    for (const why of Object.values(failed)) expect(why).toContain('nondeterminism');
  }, 60_000);

  test('passes with the recipe of docs/changing-workflows.md', async () => {
    expect(await failures(await changed('patched.ts'), rollouts)).toEqual({});
  }, 60_000);
});

describe('there is a history', () => {
  test.each(Object.values(WORKFLOWS))('of %s, and one that ended well', (workflow) => {
    const ends = histories.filter((history) => history.workflow === workflow).map(({ end }) => end);
    // it takes events without end
    const well = workflow === WORKFLOWS.retrainCoordinator ? 'CONTINUED_AS_NEW' : 'COMPLETED';
    expect(ends).toContain(well);
  });

  test.each([
    WORKFLOWS.fleetRollout,
    WORKFLOWS.stragglerWatch,
    WORKFLOWS.pushCoordinator,
    WORKFLOWS.retrainCoordinator,
  ])('of %s that continued as new, and of the run that followed', (workflow) => {
    const own = histories.filter((history) => history.workflow === workflow);
    expect(own.map(({ end }) => end)).toContain('CONTINUED_AS_NEW');
    expect(own.filter(({ follows }) => follows)).not.toEqual([]);
  });

  test('of a rollout in the middle, of one that was aborted, cancelled, refused', () => {
    const names = histories.map(({ name }) => name);
    for (const end of ['soaking', 'aborted', 'cancelled', 'refused'])
      expect(names).toContain(`fleet-rollout.${end}`);
    expect(histories.find(({ name }) => name === 'fleet-rollout.soaking')?.end).toBeUndefined();
  });

  test('of every signal, update and query that a workflow takes', async () => {
    const files = globSync('workflows/**/*.ts', { cwd: ROOT });
    const modules = await Promise.all(files.map((file) => import(join(ROOT, file)) as Promise<object>));
    const taken = modules.flatMap((exports) => Object.values(exports)).filter(isHandlerDefinition);
    expect(taken.length).toBeGreaterThan(10);
    const seen = new Set(
      histories.flatMap(({ signals, updates, queries }) => [
        ...signals.map((name) => `signal ${name}`),
        ...updates.map((name) => `update ${name}`),
        ...queries.map((name) => `query ${name}`),
      ]),
    );
    expect(taken.map(({ type, name }) => `${type} ${name}`).filter((name) => !seen.has(name))).toEqual([]);
  });
});

interface HandlerDefinition {
  readonly type: 'signal' | 'update' | 'query';
  readonly name: string;
}

function isHandlerDefinition(value: unknown): value is HandlerDefinition {
  const { type, name } = (value ?? {}) as Partial<HandlerDefinition>;
  return (type === 'signal' || type === 'update' || type === 'query') && typeof name === 'string';
}
