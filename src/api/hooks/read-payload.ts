import { z } from 'zod';
import { parseInput } from '../../errors/parse-input.ts';
import { WindlassError } from '../../errors/windlass-error.ts';
import type { HookCall } from './provider.ts';

export const commitId = z.string().regex(/^([0-9a-f]{40}|[0-9a-f]{64})$/, 'expected a full commit id');

/** The JSON of an authentic call, also when it comes as the form field `payload`. */
function jsonOf({ header, body }: HookCall): unknown {
  const text = body.toString('utf8');
  const form = /^application\/x-www-form-urlencoded\b/i.test(header('content-type') ?? '');
  try {
    return JSON.parse(form ? (new URLSearchParams(text).get('payload') ?? '') : text);
  } catch (error) {
    throw new WindlassError('INPUT_INVALID', `The payload is not JSON: ${(error as Error).message}`);
  }
}

/** Reads what is needed of a payload and leaves the rest; INPUT_INVALID names what is missing. */
export function readPayload<T>(call: HookCall, schema: z.ZodType<T>, what: string): T {
  return parseInput(schema, jsonOf(call), { what, example: null });
}
