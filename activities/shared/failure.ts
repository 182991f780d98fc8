import { ApplicationFailure, CancelledFailure, TemporalFailure } from '@temporalio/common';
import { CompleteAsyncError } from '@temporalio/activity';
import { WindlassError } from '../../src/errors/windlass-error.ts';

/**
 * What Temporal is told of an error: type = the error's code, details = [ErrorBody], retries by the
 * error table. Temporal's own failures pass unchanged; anything unforeseen becomes a retryable
 * INTERNAL that keeps its message and stack.
 */
export function toApplicationFailure(error: unknown): Error {
  if (error instanceof WindlassError)
    return ApplicationFailure.create({
      message: error.message,
      type: error.code,
      nonRetryable: !error.retryable,
      details: [error.toBody()],
      cause: error,
    });
  if (error instanceof TemporalFailure || error instanceof CompleteAsyncError) return error;
  if (isAbort(error)) return new CancelledFailure('The activity was cancelled.', [], error);
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  const internal = new WindlassError('INTERNAL', message, { cause: error });
  return ApplicationFailure.create({
    message,
    type: internal.code,
    nonRetryable: false,
    details: [internal.toBody()],
    cause: error instanceof Error ? error : undefined,
  });
}

/** Node's own calls reject with an AbortError when the activity's cancellation signal fires. */
function isAbort(error: unknown): error is Error {
  return error instanceof Error && error.name === 'AbortError';
}
