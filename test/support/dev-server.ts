import { TestWorkflowEnvironment } from '@temporalio/testing';
import { SEARCH_ATTRIBUTES } from '../../src/contracts/names.ts';
import { partPath } from './outside-parts.ts';

/**
 * A Temporal development server of its own, in memory, on free ports, with the search attributes;
 * end it with `teardown()`. `moreArgs` are flags of its command line.
 */
export async function createDevServer(moreArgs: readonly string[] = []): Promise<TestWorkflowEnvironment> {
  const path = await partPath('temporal');
  const attributes = Object.values(SEARCH_ATTRIBUTES).flatMap((name) => [
    '--search-attribute',
    `${name}=Keyword`,
  ]);
  return TestWorkflowEnvironment.createLocal({
    server: {
      executable: { type: 'existing-path', path },
      extraArgs: [...attributes, '--sqlite-pragma', 'synchronous=OFF', ...moreArgs],
      log: { format: 'json', level: 'error' },
    },
  });
}
