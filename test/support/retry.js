import { jest } from '@jest/globals';

// CI shares two cores among servers, containers and training: there a test may be repeated once, its first failure printed.
if (process.env.CI !== undefined) jest.retryTimes(1, { logErrorsBeforeRetry: true });
