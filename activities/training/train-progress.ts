import type { TrainProgress } from '../../src/contracts/build/train-progress.ts';

/** What the heartbeats of a training carry: the last progress line, and what it uses. */
export interface TrainHeartbeat {
  readonly message: string;
  readonly progress: number | null;
  readonly metrics: Readonly<Record<string, number>>;
  /** MiB of the command and all that it started; absent until it was measured. */
  readonly memoryMb?: number;
}

/**
 * Metrics are shown during training and every heartbeat carries them: limits on their number and
 * the length of their names.
 */
const MAX_METRICS = 50;
const LONGEST_NAME = 100;

/** The named finite numbers of a value, the first fifty. */
function metricsOf(value: unknown): Record<string, number> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return {};
  const numbers = Object.entries(value).filter(
    (entry): entry is [string, number] => Number.isFinite(entry[1]) && entry[0].length <= LONGEST_NAME,
  );
  return Object.fromEntries(numbers.slice(0, MAX_METRICS));
}

/** A JSON line of the contract, or undefined for any other line. */
export function parseProgress(line: string): TrainProgress | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    const value = JSON.parse(line) as Record<string, unknown>;
    const { progress, message, metrics } = value;
    return {
      progress: typeof progress === 'number' && progress >= 0 && progress <= 1 ? progress : undefined,
      message: typeof message === 'string' ? message.slice(0, 300) : undefined,
      metrics: metrics === undefined ? undefined : metricsOf(metrics),
    };
  } catch {
    return undefined;
  }
}

/** Gives `report` the latest state of a training with every line that changes it. */
export function followTraining(report: (details: TrainHeartbeat) => void, prefix = '') {
  let latest: TrainHeartbeat = { message: `${prefix}started`, progress: null, metrics: {} };
  report(latest);
  const update = (change: Partial<TrainHeartbeat>): void => {
    latest = { ...latest, ...change };
    report(latest);
  };
  return {
    onLine: (line: string, stream: 'stdout' | 'stderr'): void => {
      const parsed = stream === 'stdout' ? parseProgress(line) : undefined;
      if (parsed === undefined) return;
      const { message, progress, metrics } = parsed;
      update({
        message: message === undefined ? latest.message : `${prefix}${message}`,
        progress: progress ?? latest.progress,
        metrics: metricsOf({ ...metrics, ...latest.metrics, ...metrics }),
      });
    },
    onUsage: ({ memoryMb }: { readonly memoryMb: number }): void => update({ memoryMb }),
  };
}
