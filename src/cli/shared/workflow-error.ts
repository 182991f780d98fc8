import { isGrpcServiceError, WorkflowFailedError } from '@temporalio/client';
import {
  ApplicationFailure,
  CancelledFailure,
  TemporalFailure,
  TerminatedFailure,
  TimeoutFailure,
} from '@temporalio/common';
import { ERRORS, type ErrorCode } from '../../errors/table.ts';
import { WindlassError, type ErrorBody } from '../../errors/windlass-error.ts';
import { messageOf } from '../../base/error-message.ts';

interface Where {
  readonly workflow: string;
  readonly workflowId: string;
}

function isCode(text: string | null | undefined): text is ErrorCode {
  return typeof text === 'string' && text in ERRORS;
}

/** Wrappers (activity, child workflow) are taken off: the innermost failure is what happened. */
function root(error: Error): Error {
  if (error instanceof ApplicationFailure || !(error instanceof TemporalFailure)) return error;
  return error.cause === undefined ? error : root(error.cause);
}

function fromApplicationFailure(failure: ApplicationFailure, where: Where): WindlassError {
  const body = failure.details?.[0] as Partial<ErrorBody> | undefined;
  const code = isCode(failure.type) ? failure.type : isCode(body?.code) ? body.code : 'INTERNAL';
  return new WindlassError(code, body?.message ?? failure.message, {
    hint: body?.hint,
    details: typeof body?.details === 'object' ? { ...body.details, ...where } : where,
    cause: failure,
  });
}

/** What a workflow's start or result threw, as one error of the table. */
export function workflowError(error: unknown, where: Where): WindlassError {
  if (error instanceof WindlassError) return error;
  if (error instanceof WorkflowFailedError) {
    const cause = error.cause === undefined ? error : root(error.cause);
    if (cause instanceof ApplicationFailure) return fromApplicationFailure(cause, where);
    if (cause instanceof CancelledFailure || cause instanceof TerminatedFailure)
      return new WindlassError('CANCELLED', `${where.workflow} was cancelled.`, { details: where, cause });
    if (cause instanceof TimeoutFailure)
      return new WindlassError('TIMEOUT', `${where.workflow} took too long: ${cause.message}`, {
        details: where,
        cause,
      });
    return new WindlassError('INTERNAL', cause.message, { details: where, cause });
  }
  if (isGrpcServiceError(error))
    return new WindlassError(
      'TEMPORAL_UNAVAILABLE',
      `The Temporal server refused or did not answer: ${error.details}`,
      {
        details: where,
        cause: error,
      },
    );
  if (error instanceof Error && 'cause' in error && isGrpcServiceError(error.cause))
    return workflowError(error.cause, where);
  const message = messageOf(error);
  return new WindlassError('INTERNAL', message, { details: where, cause: error });
}
