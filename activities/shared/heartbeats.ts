import { cancellationSignal, heartbeat } from '@temporalio/activity';

const INTERVAL_MS = 2000;

/**
 * Runs the work of an activity while heartbeating what it last reported, so that a worker that dies
 * is noticed within the heartbeat timeout and a cancellation arrives.
 */
export async function withHeartbeats<T>(
  work: (report: (details: unknown) => void, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  let latest: unknown;
  heartbeat();
  const timer = setInterval(() => heartbeat(latest), INTERVAL_MS);
  try {
    return await work((details) => {
      latest = details;
    }, cancellationSignal());
  } finally {
    clearInterval(timer);
  }
}
