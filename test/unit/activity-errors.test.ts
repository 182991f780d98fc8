import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { errorInterceptor } from '../../activities/shared/error-interceptor.ts';
import { WindlassError } from '../../src/errors/windlass-error.ts';

/** What leaves an activity that throws this, with the interceptor of the worker in place. */
async function outcome(thrown: unknown): Promise<ApplicationFailure> {
  const environment = new MockActivityEnvironment(
    {},
    { interceptors: [errorInterceptor], logger: new DefaultLogger('ERROR') },
  );
  try {
    await environment.run(async () => {
      throw thrown;
    });
  } catch (error) {
    return error as ApplicationFailure;
  }
  throw new Error('expected a failure');
}

test('a WindlassError keeps code, message, hint and details; the table decides about retries', async () => {
  const error = new WindlassError('DATA_INVALID', 'a.csv has no column Pressure', {
    details: { file: 'a.csv' },
  });
  expect(await outcome(error)).toMatchObject({
    message: 'a.csv has no column Pressure',
    type: 'DATA_INVALID',
    nonRetryable: true,
    details: [{ code: 'DATA_INVALID', message: error.message, hint: error.hint, details: { file: 'a.csv' } }],
  });
  expect(await outcome(new WindlassError('DATABASE_UNAVAILABLE', 'no answer'))).toMatchObject({
    type: 'DATABASE_UNAVAILABLE',
    nonRetryable: false,
  });
});

test('something unforeseen is a retryable INTERNAL that keeps its words', async () => {
  const failure = await outcome(new TypeError('x is not a function'));
  expect(failure).toBeInstanceOf(ApplicationFailure);
  expect(failure).toMatchObject({
    type: 'INTERNAL',
    message: 'TypeError: x is not a function',
    nonRetryable: false,
  });
  expect(await outcome('just words')).toMatchObject({ type: 'INTERNAL', message: 'just words' });
});

test("Temporal's own failures pass unchanged, and an aborted call is a cancellation", async () => {
  const own = ApplicationFailure.nonRetryable('mine', 'MINE');
  expect(await outcome(own)).toBe(own);
  const aborted = Object.assign(new Error('The operation was aborted'), { name: 'AbortError' });
  expect(await outcome(aborted)).toBeInstanceOf(CancelledFailure);
});
