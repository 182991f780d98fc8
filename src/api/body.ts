import type { Context } from 'hono';
import { WindlassError } from '../errors/windlass-error.ts';
import type { ApiEnv } from './deps.ts';

/**
 * The JSON body; an empty one counts as `{}`. Other content types are refused, so that no web form
 * can reach the API.
 */
export async function readBody(c: Context<ApiEnv>): Promise<unknown> {
  const text = await c.req.text();
  if (text.trim() === '') return {};
  if (!/^application\/([\w.-]+\+)?json\b/i.test(c.req.header('content-type') ?? ''))
    throw new WindlassError(
      'INPUT_INVALID',
      'The body must be JSON, with the header "Content-Type: application/json".',
    );
  if (/(?<!\\)(?:\\\\)*\\u0000/.test(text))
    throw new WindlassError('INPUT_INVALID', 'The body holds the character U+0000, which no text here may.');
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new WindlassError('INPUT_INVALID', `The body is not JSON: ${(error as Error).message}`);
  }
}
