import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { temporal } from '@temporalio/proto';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { SEARCH_ATTRIBUTES } from '../../src/contracts/names.ts';
import { cacheFolder, onPath } from '../../src/local-system/temporal-binary.ts';

/**
 * Temporal's test server, in which time skips while workflows wait: weeks in a second. Taken from the cache that
 * `.ci/run` fills (needs Java), otherwise the SDK downloads its own. It has no schedules and no visibility.
 */
export async function createTimeSkippingEnvironment(): Promise<TestWorkflowEnvironment> {
  const path = join(cacheFolder(), 'temporal-test-server', 'test-server');
  const cached = existsSync(path) && onPath('java', process.env) !== undefined;
  const env = await TestWorkflowEnvironment.createTimeSkipping(
    cached ? { server: { executable: { type: 'existing-path', path } } } : {},
  );
  const { INDEXED_VALUE_TYPE_KEYWORD } = temporal.api.enums.v1.IndexedValueType;
  await env.connection.operatorService.addSearchAttributes({
    namespace: env.namespace ?? 'default',
    searchAttributes: Object.fromEntries(
      Object.values(SEARCH_ATTRIBUTES).map((name) => [name, INDEXED_VALUE_TYPE_KEYWORD]),
    ),
  });
  return env;
}
