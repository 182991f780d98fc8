import type { ErrorCode } from '../../errors/table.ts';
import { WindlassError } from '../../errors/windlass-error.ts';

/**
 * What the Microsoft client gives when a call fails; without a response the hub was not reached.
 */
interface ClientFailure {
  readonly message?: unknown;
  readonly code?: unknown;
  readonly response?: { readonly statusCode?: number; readonly headers?: Readonly<Record<string, unknown>> };
  readonly responseBody?: unknown;
}

/** The hub's own words about a refused call. */
export interface HubAnswer {
  readonly status: number;
  readonly errorCode: string | null;
  readonly message: string;
  readonly retryAfterSeconds: number | null;
}

/** Thrown when a call has passed its deadline: the client has none of its own. */
export class HubDeadlineError extends Error {
  constructor(milliseconds: number) {
    super(`no answer within ${milliseconds} ms`);
    this.name = 'HubDeadlineError';
  }
}

/**
 * Turns a failure of the Microsoft client into a WindlassError that says what was being done and
 * what the hub said.
 */
export function toHubFailure(error: unknown, doing: string): WindlassError {
  if (error instanceof WindlassError) return error;
  const failure: ClientFailure = typeof error === 'object' && error !== null ? error : {};
  const answer = readAnswer(failure);
  if (!answer) {
    const reason =
      typeof failure.message === 'string' && failure.message !== '' ? failure.message : String(failure.code);
    return new WindlassError('HUB_UNREACHABLE', `The hub could not be reached while ${doing}: ${reason}.`, {
      cause: error,
    });
  }
  const words = answer.errorCode === null ? answer.message : `${answer.errorCode}: ${answer.message}`;
  return new WindlassError(
    codeFor(answer),
    `The hub refused while ${doing} (HTTP ${answer.status}, ${words}).`,
    {
      details: answer,
      cause: error,
    },
  );
}

/** The hub's answer inside a failure, or null when there was none. */
export function readAnswer(failure: ClientFailure): HubAnswer | null {
  const status = failure.response?.statusCode;
  if (status === undefined) return null;
  const headers = failure.response?.headers ?? {};
  const body = readBody(failure.responseBody);
  const retryAfter = Number(headers['retry-after']);
  const named = headers['iothub-errorcode'];
  return {
    status,
    errorCode: typeof named === 'string' ? named : body.code,
    message: body.message,
    retryAfterSeconds: Number.isFinite(retryAfter) ? retryAfter : null,
  };
}

function codeFor({ status, errorCode }: HubAnswer): ErrorCode {
  if (status === 429 || errorCode === 'ThrottlingException') return 'HUB_THROTTLED';
  if (status === 404) return 'NOT_FOUND';
  if (status === 409 || status === 412) return 'CONFLICT';
  if (status >= 500 || status === 408) return 'HUB_UNREACHABLE';
  return 'HUB_REFUSED';
}

/**
 * The hub says either `{"Message":"ErrorCode:X;text"}` or a Message that is itself JSON with
 * errorCode and message. The client's own reading cuts the text at its second semicolon and loses
 * the second form; so it is read again here.
 */
function readBody(body: unknown): { code: string | null; message: string } {
  if (typeof body !== 'string' || body === '') return { code: null, message: 'no reason given' };
  const outer = parseObject(body);
  const text = typeof outer?.['Message'] === 'string' ? outer['Message'] : body;
  const inner = parseObject(text);
  if (inner) {
    const code = inner['errorCode'];
    const known = typeof code === 'string' || typeof code === 'number';
    return { code: known ? String(code) : null, message: String(inner['message'] ?? text) };
  }
  const match = /^ErrorCode:([^;]+);(.*)$/s.exec(text);
  return match ? { code: match[1] ?? null, message: match[2] ?? '' } : { code: null, message: text };
}

function parseObject(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
