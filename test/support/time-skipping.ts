import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { cacheFolder, onPath } from '../../src/services/temporal-binary.ts';

/**
 * Temporal's test server, in which time skips while workflows wait: weeks in a second. Taken from the cache that
 * `.ci/run` fills (needs Java), otherwise the SDK downloads its own. It has no schedules and no visibility.
 */
export async function createTimeSkippingEnvironment(): Promise<TestWorkflowEnvironment> {
  const path = join(cacheFolder(), 'temporal-test-server', 'test-server');
  const cached = existsSync(path) && onPath('java', process.env) !== undefined;
  return TestWorkflowEnvironment.createTimeSkipping(
    cached ? { server: { executable: { type: 'existing-path', path } } } : {},
  );
}
