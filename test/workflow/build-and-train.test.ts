import { WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { BuildResult } from '../../src/contracts/build.ts';
import type { PipelineProgress } from '../../src/contracts/progress.ts';
import { PROGRESS_QUERY } from '../../src/contracts/progress.ts';
import { createBuildSystem, type BuildSystem } from '../support/build-system.ts';
import { createTinyProject, type TinyProject } from '../support/tiny-project.ts';

const PATIENCE = 180_000;

let system: BuildSystem;
let tiny: TinyProject;
let first: BuildResult;

beforeAll(async () => {
  system = await createBuildSystem();
  tiny = createTinyProject(system.folder);
  first = await system.run({ project: tiny.project, data: tiny.data, actor: 'ada' });
}, PATIENCE);
afterAll(() => system.close(), PATIENCE);

/** The error that a workflow failed with, as a caller reads it. */
async function failure(input: Record<string, unknown>): Promise<ApplicationFailure> {
  const handle = await system.start(input);
  const error: unknown = await handle.result().catch((e: unknown) => e);
  if (!(error instanceof WorkflowFailedError) || !(error.cause instanceof ApplicationFailure)) throw error;
  return error.cause;
}

test('from a commit to a champion, with gates, metrics and steps', () => {
  expect(first.model).toMatchObject({ name: 'tiny', version: '1', aliases: ['champion'] });
  expect(first.pipeline).toEqual({ name: 'tiny', version: '1' });
  expect(first.data).toMatchObject({ files: 8, rows: 1600 });
  expect(first.comparison.verdict).toBe('NO_BASELINE');
  expect(first.gates.filter((g) => g.status !== 'pass' && g.status !== 'warn')).toEqual([]);
  expect(first.gates.map((g) => g.name)).toEqual(
    expect.arrayContaining(['check-unit-tests', 'onnx-signature', 'golden-parity', 'f1']),
  );
  expect(first.metrics.f1).toBeGreaterThan(0.9);
  expect(first.metrics.rows).toBe(8 * 160);
  expect(first.steps.map((s) => s.name)).toHaveLength(11);
  expect(first.steps.filter((s) => s.cached)).toEqual([]);
});
