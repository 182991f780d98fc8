import { childMain, type RunningChild } from '../src/local-system/child-main.ts';
import { activityFields } from './runtime.ts';
import { startWorkers } from './start-workers.ts';

/**
 * `node workers/main.ts [--queues control,training,…]`: one process that serves some or all task
 * queues.
 */
await childMain({
  name: 'worker',
  flags: { queues: 'worker.queues' },
  mixin: activityFields,
  start: (config, logger): Promise<RunningChild> => startWorkers(config, logger),
});
