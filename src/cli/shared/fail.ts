import { CommanderError } from 'commander';
import { WindlassError } from '../../errors/windlass-error.ts';
import type { Output } from './output.ts';
import { messageOf } from '../../base/error-message.ts';

/**
 * Maps any error to the error table: mistakes on the command line are INPUT_INVALID, unforeseen
 * errors are INTERNAL.
 */
export function toWindlassError(error: unknown): WindlassError {
  if (error instanceof WindlassError) return error;
  if (error instanceof CommanderError)
    return new WindlassError('INPUT_INVALID', error.message.replace(/^error: /, ''), {
      hint: 'See `windlass --help`, or `windlass COMMAND --help`.',
    });
  if (error instanceof Error && error.name === 'AbortError')
    return new WindlassError('CANCELLED', 'Interrupted.');
  const message = messageOf(error);
  return new WindlassError('INTERNAL', message, { cause: error });
}

interface Listed {
  readonly field?: string;
  readonly problem?: string;
  readonly origin?: string;
}

function problemsOf(details: unknown): Listed[] {
  if (typeof details !== 'object' || details === null || !('problems' in details)) return [];
  return Array.isArray(details.problems) ? (details.problems as Listed[]) : [];
}

/**
 * Tells an error (with --json as `{error:{code,message,hint,details}}` on stdout, otherwise on
 * stderr); gives the exit code.
 */
export function fail(caught: unknown, output: Output): number {
  const error = toWindlassError(caught);
  output.clearStatus();
  if (output.json) {
    output.writeJson({ error: error.toBody() });
    return error.exitCode;
  }
  const problems = problemsOf(error.details);
  output.error(`${error.code}: ${error.message}`);
  if (problems.length > 1 && !error.message.includes('\n'))
    for (const { field, problem, origin } of problems)
      output.note(`  ${field ?? ''}: ${problem ?? ''}${origin === undefined ? '' : `  (${origin})`}`);
  output.note(`Hint: ${error.hint}`);
  if (error.code === 'INTERNAL' && caught instanceof Error && caught.stack !== undefined)
    output.note(caught.stack);
  return error.exitCode;
}
