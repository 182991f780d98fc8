/**
 * The real agent's numbers: `coolOffTimeUnitInSeconds`, its longest pause, `maxRestartCount`,
 * `intensiveCareTimeInMinutes`.
 */
export const RESTART_POLICY = {
  coolOffSeconds: 10,
  maxCoolOffSeconds: 300,
  maxRestartCount: 20,
  intensiveCareSeconds: 600,
} as const;

/**
 * Seconds before a module that has been restarted so many times is started again: 10 · 2ⁿ, at
 * most 300.
 */
export function coolOffSeconds(restartCount: number): number {
  const { coolOffSeconds: unit, maxCoolOffSeconds } = RESTART_POLICY;
  return Math.min(unit * 2 ** Math.min(restartCount, 30), maxCoolOffSeconds);
}

/** What becomes of a module that ended: started again after a pause, or given up. */
export function afterExit(restartPolicy: string, restartCount: number): 'backoff' | 'failed' | 'stopped' {
  if (restartPolicy === 'never') return 'stopped';
  return restartCount >= RESTART_POLICY.maxRestartCount ? 'failed' : 'backoff';
}
