import type { Context } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { SearchProblem } from '../../domain/tracking/search-problem.ts';
import { AlreadyExists } from '../../errors/already-exists.ts';
import { ERRORS } from '../../errors/table.ts';
import { WindlassError } from '../../errors/windlass-error.ts';
import type { ApiEnv } from '../deps.ts';
import { toWindlassError } from '../errors.ts';

interface MlflowError {
  readonly error_code: string;
  readonly status: ContentfulStatusCode;
}

/** What MLflow's clients call an error with this HTTP status of the error table. */
const BY_STATUS: Readonly<Record<number, MlflowError>> = {
  400: { error_code: 'INVALID_PARAMETER_VALUE', status: 400 },
  403: { error_code: 'PERMISSION_DENIED', status: 403 },
  404: { error_code: 'RESOURCE_DOES_NOT_EXIST', status: 404 },
  409: { error_code: 'RESOURCE_CONFLICT', status: 409 },
  422: { error_code: 'INVALID_PARAMETER_VALUE', status: 400 },
  503: { error_code: 'TEMPORARILY_UNAVAILABLE', status: 503 },
};
const INTERNAL: MlflowError = { error_code: 'INTERNAL_ERROR', status: 500 };

/** Whether a request is for the MLflow API, so that errors have MLflow's form. */
export function isMlflowPath(path: string): boolean {
  return /^\/api\/[23]\.0\/mlflow(-artifacts)?(\/|$)/.test(path);
}

/**
 * Answers an error as MLflow's clients expect it: `{error_code, message}`, the hint behind the
 * message.
 */
export function answerMlflowError(error: unknown, c: Context<ApiEnv>): Response {
  const failure =
    error instanceof SearchProblem
      ? new WindlassError('INPUT_INVALID', error.message)
      : toWindlassError(error, c.get('requestId'));
  const { error_code, status } = mlflowError(failure);
  const level = status >= 500 ? 'error' : 'debug';
  c.get('logger')[level]({ err: error, code: failure.code }, failure.message);
  const { hint } = failure;
  const tells = status === 403 || hint !== ERRORS[failure.code].hint;
  const message = tells ? `${failure.message} ${hint}` : failure.message;
  return c.json({ error_code, message }, status);
}

function mlflowError(failure: WindlassError): MlflowError {
  if (failure instanceof AlreadyExists) return { error_code: 'RESOURCE_ALREADY_EXISTS', status: 400 };
  return BY_STATUS[ERRORS[failure.code].status] ?? INTERNAL;
}

/** The door does not serve this part of MLflow's API. */
export function answerNotServed(c: Context<ApiEnv>): Response {
  const message = `Windlass does not serve ${c.req.method} ${c.req.path}: its MLflow door has experiments, runs, logged models, artefacts and the model registry.`;
  return c.json({ error_code: 'ENDPOINT_NOT_FOUND', message }, 404);
}
