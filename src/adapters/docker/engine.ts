import Docker from 'dockerode';
import { WindlassError } from '../../errors/windlass-error.ts';
import type { ErrorCode } from '../../errors/table.ts';

/**
 * Everything that Windlass makes on an engine carries this label, so that it can be found again.
 */
export const OWNED_LABEL = 'io.windlass.owned';

/** The engine that DOCKER_HOST names, or the local one; nothing is contacted yet. */
export function dockerClient(): Docker {
  return new Docker();
}

/** The engine's version, or undefined when none answers within three seconds. */
export async function engineVersion(docker: Docker): Promise<string | undefined> {
  try {
    const info = (await within(3_000, 'ping', docker.version())) as { Version?: string; Os?: string };
    return info.Os === undefined || info.Os === 'linux' ? (info.Version ?? 'unknown') : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Waits for an answer of the engine, at most `ms` milliseconds; errors come out as
 * DOCKER_UNAVAILABLE or PACKAGING_FAILED.
 */
export async function within<T>(ms: number, what: string, answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () =>
        reject(
          new WindlassError(
            'DOCKER_UNAVAILABLE',
            `The Docker Engine did not answer within ${ms / 1000} s (${what}).`,
          ),
        ),
      ms,
    );
  });
  try {
    return await Promise.race([answer, deadline]);
  } catch (error) {
    throw dockerError(error, what);
  } finally {
    clearTimeout(timer);
  }
}

const UNREACHABLE = new Set([
  'ECONNREFUSED',
  'ENOENT',
  'EACCES',
  'EPIPE',
  'ECONNRESET',
  'ENOTFOUND',
  'ETIMEDOUT',
]);

/** Maps an error of dockerode: no engine answers, or the engine refused, with its own message. */
function dockerError(error: unknown, what: string): WindlassError {
  if (error instanceof WindlassError) return error;
  const { code, statusCode, message } = error as { code?: string; statusCode?: number; message?: string };
  const unreachable = statusCode === undefined && code !== undefined && UNREACHABLE.has(code);
  const ours: ErrorCode = unreachable ? 'DOCKER_UNAVAILABLE' : 'PACKAGING_FAILED';
  const text = unreachable ? 'The Docker Engine cannot be reached' : 'The Docker Engine refused';
  return new WindlassError(ours, `${text} (${what}): ${message ?? String(error)}`, {
    details: { what, code, statusCode },
    cause: error,
  });
}

/** True for the engine's answer "no such container or image". */
export function isAbsent(error: unknown): boolean {
  const { statusCode, details } = error as { statusCode?: number; details?: { statusCode?: number } };
  return statusCode === 404 || details?.statusCode === 404;
}

interface ProgressLine {
  readonly stream?: string;
  readonly status?: string;
  readonly error?: string;
  readonly errorDetail?: { readonly message?: string };
}

/**
 * Reads a build, pull or load to its end and returns its log; throws PACKAGING_FAILED with the last
 * lines when it failed.
 */
export async function followProgress(
  docker: Docker,
  stream: NodeJS.ReadableStream,
  options: { what: string; timeoutMs: number; onLine?: (line: string) => void },
): Promise<string> {
  const log: string[] = [];
  const done = new Promise<void>((resolve, reject) => {
    docker.modem.followProgress(
      stream,
      (error: Error | null) => (error === null || error === undefined ? resolve() : reject(error)),
      (event: ProgressLine) => {
        const line = (event.error ?? event.stream ?? event.status ?? '').trim();
        if (line === '') return;
        log.push(line);
        options.onLine?.(line);
      },
    );
  });
  try {
    await within(options.timeoutMs, options.what, done);
  } catch (error) {
    const lines = log.slice(-20);
    throw new WindlassError(
      'PACKAGING_FAILED',
      `${options.what} failed: ${lines.at(-1) ?? (error as Error).message}`,
      {
        details: { log: lines },
        cause: error,
      },
    );
  }
  return log.join('\n');
}
