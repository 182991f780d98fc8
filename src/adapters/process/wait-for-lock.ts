type Release = () => Promise<void>;

/**
 * Takes a lock of proper-lockfile, waiting while others hold it; their work may take long, so only
 * cancellation ends the wait.
 */
export async function waitForLock(
  tryLock: () => Promise<Release>,
  hooks: { readonly signal?: AbortSignal | undefined; readonly onWait?: () => void },
): Promise<Release> {
  for (;;) {
    hooks.signal?.throwIfAborted();
    try {
      return await tryLock();
    } catch (error) {
      if ((error as { code?: string }).code !== 'ELOCKED') throw error;
      hooks.onWait?.();
    }
  }
}
