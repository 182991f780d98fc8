import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client';
import { WORKFLOWS, type WorkflowName } from '../../../src/contracts/names.ts';
import { createTinyProject, type TinyProject } from '../../support/tiny-project.ts';

/** The project of the tests, and the build that made its first version, the champion. */
export interface TinyModel extends TinyProject {
  readonly build: WorkflowHandleWithFirstExecutionRunId;
}

interface Builder {
  readonly folder: string;
  start(workflow: WorkflowName, workflowId: string, input: object): Promise<TinyModel['build']>;
}

/**
 * Builds the project for the first time, with a search of which one trial fails, so that it has a
 * child of each kind.
 */
export async function openTinyModel(builder: Builder): Promise<TinyModel> {
  const tiny = createTinyProject(builder.folder);
  const file = join(tiny.project, 'windlass.yaml');
  writeFileSync(file, readFileSync(file, 'utf8').replace('folds: 2', 'folds: 4'));
  tiny.commit('Leave folds for a search');
  const build = await builder.start(WORKFLOWS.buildAndTrain, 'build-tiny', {
    project: tiny.project,
    data: tiny.data,
    params: { fault: ['none', 'exit'] },
    search: { strategy: 'grid' },
  });
  await build.result();
  return { ...tiny, build };
}
