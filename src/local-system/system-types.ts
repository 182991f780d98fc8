import type { TaskQueueName } from '../contracts/names.ts';
import type { WindlassConfig } from '../config/schema.ts';

export const SERVICE_NAMES = ['database', 'temporal', 'hub', 'fleet', 'worker', 'api'] as const;
export type ServiceName = (typeof SERVICE_NAMES)[number];

/** Which other services a service cannot do without. */
const SERVICE_NEEDS: Readonly<Record<ServiceName, readonly ServiceName[]>> = {
  database: [],
  temporal: [],
  hub: [],
  fleet: ['hub'],
  worker: ['database', 'temporal'],
  api: ['database', 'temporal'],
};

/** What happened to a service, told while the system starts, runs and stops. */
export interface ServiceProgress {
  readonly service: ServiceName | 'system';
  readonly state: 'starting' | 'ready' | 'waiting' | 'warning' | 'stopping' | 'stopped';
  readonly message: string;
  readonly seconds?: number;
}

/**
 * How to reach the parts of a running system; kept in `up.json` for other commands. Holds secrets.
 */
export interface SystemInfo {
  readonly services: readonly ServiceName[];
  /** The settings with every address filled in. */
  readonly config: WindlassConfig;
  readonly temporalUi?: string;
  readonly api?: string;
  /** Address of the fleet's control interface. */
  readonly fleetControl?: string;
  readonly queues: readonly TaskQueueName[];
  /** Process ids by service, those that this machine runs for the system. */
  readonly pids: Readonly<Partial<Record<ServiceName, number>>>;
}

export interface StartOptions {
  readonly needs: readonly ServiceName[];
  /** Task queues that the worker serves; all that the configuration names by default. */
  readonly queues?: readonly TaskQueueName[];
  readonly onProgress?: (progress: ServiceProgress) => void;
  /** Interrupts the start and the waiting; what runs already is stopped. */
  readonly signal?: AbortSignal;
  /** Name of the command, for messages of other commands. */
  readonly command?: string;
  /** True when the system ends with this command. */
  readonly ephemeral?: boolean;
  /**
   * Empties the state folder first but for these names, once it is ours and nothing of an earlier
   * run still runs in it.
   */
  readonly startAnew?: { readonly keep: readonly string[] };
}

/**
 * A system that can be used: started by us (then `stop` stops it) or by another command (then
 * `stop` only lets go).
 */
export interface System {
  readonly owned: boolean;
  readonly info: SystemInfo;
  /**
   * The settings with every address filled in: `temporal.address`, `database.url`,
   * `hub.connectionString`, …
   */
  readonly config: WindlassConfig;
  stop(): Promise<void>;
}

/** The given services with everything that they need, in the order in which they start. */
export function withNeeds(needs: readonly ServiceName[]): ServiceName[] {
  const all = new Set<ServiceName>();
  const add = (name: ServiceName): void => {
    for (const other of SERVICE_NEEDS[name]) add(other);
    all.add(name);
  };
  needs.forEach(add);
  return SERVICE_NAMES.filter((name) => all.has(name));
}
