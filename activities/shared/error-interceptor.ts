import type { ActivityInterceptorsFactory } from '@temporalio/worker';
import { toApplicationFailure } from './failure.ts';

/**
 * Worker interceptor (`interceptors.activity`): every activity's errors reach the workflow as the
 * error table says.
 */
export const errorInterceptor: ActivityInterceptorsFactory = () => ({
  inbound: {
    execute: async (input, next) => {
      try {
        return await next(input);
      } catch (error) {
        throw toApplicationFailure(error);
      }
    },
  },
});
