import { isGrpcServiceError, WorkflowUpdateFailedError } from '@temporalio/client';
import { ApplicationFailure, WorkflowNotFoundError } from '@temporalio/common';
import type { Context } from 'hono';
import { HTTPException } from 'hono/http-exception';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { ERRORS } from '../errors/table.ts';
import type { ErrorCode } from '../errors/table.ts';
import { WindlassError } from '../errors/windlass-error.ts';
import type { ApiEnv } from './deps.ts';
import { errorCode } from '../base/error-code.ts';

/** Maps any error to the table; an unforeseen one is INTERNAL, and its message stays in the log. */
export function toWindlassError(error: unknown, requestId: string): WindlassError {
  if (error instanceof WindlassError) return error;
  if (error instanceof HTTPException && error.status < 500)
    return new WindlassError('INPUT_INVALID', error.message);
  if (hasNul(error))
    return new WindlassError('INPUT_INVALID', 'A value holds the character U+0000, which no text here may.');
  if (error instanceof WorkflowUpdateFailedError && error.cause instanceof ApplicationFailure) {
    const { type, message } = error.cause;
    return new WindlassError(isCode(type) ? type : 'CONFLICT', message, { cause: error });
  }
  if (error instanceof WorkflowNotFoundError)
    return new WindlassError('CONFLICT', 'The workflow has ended, so it cannot be told anything any more.');
  const grpc = [error, error instanceof Error ? error.cause : undefined].find(isGrpcServiceError);
  if (grpc !== undefined)
    return new WindlassError('TEMPORAL_UNAVAILABLE', `The Temporal server did not answer: ${grpc.details}`);
  return new WindlassError('INTERNAL', `Something unforeseen happened; the log has it under ${requestId}.`);
}

/**
 * PostgreSQL refused a text (22021, 22P05): a query or a path brought U+0000 along; bodies are
 * looked at when they are read.
 */
function hasNul(error: unknown): boolean {
  const code = errorCode(error);
  return code === '22021' || code === '22P05';
}

function isCode(type: string | null | undefined): type is ErrorCode {
  return typeof type === 'string' && type in ERRORS;
}

/**
 * Answers an error as `{error: {code, message, hint, details}}` with the status of the error table.
 */
export function answerError(error: unknown, c: Context<ApiEnv>): Response {
  const failure = toWindlassError(error, c.get('requestId'));
  const { status } = ERRORS[failure.code];
  const level = status >= 500 ? 'error' : 'debug';
  c.get('logger')[level]({ err: error, code: failure.code }, failure.message);
  return c.json({ error: failure.toBody() }, status as ContentfulStatusCode);
}

/** There is no such route. */
export function answerNotFound(c: Context<ApiEnv>): Response {
  const error = new WindlassError('NOT_FOUND', `There is nothing at ${c.req.method} ${c.req.path}.`, {
    hint: 'GET /openapi.json lists every route.',
  });
  return answerError(error, c);
}
