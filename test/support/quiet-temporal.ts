import { DefaultLogger, Runtime } from '@temporalio/worker';

/**
 * Temporal's workers tell each start, stop and failed workflow; a test run wants to hear of errors
 * only. Import it before a worker is made.
 */
Runtime.install({ logger: new DefaultLogger('ERROR') });
