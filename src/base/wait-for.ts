import { setTimeout as delay } from 'node:timers/promises';

/**
 * Polls until `check` gives a value other than undefined or false; gives undefined when the
 * deadline passes first.
 */
export async function waitFor<T>(
  check: () => Promise<T | undefined | false> | T | undefined | false,
  options: { timeoutMs: number; everyMs?: number; signal?: AbortSignal },
): Promise<T | undefined> {
  const deadline = Date.now() + options.timeoutMs;
  for (;;) {
    const value = await check();
    if (value !== undefined && value !== false) return value;
    if (Date.now() >= deadline || options.signal?.aborted === true) return undefined;
    await delay(options.everyMs ?? 50);
  }
}
