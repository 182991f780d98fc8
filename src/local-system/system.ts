import { setTimeout as delay } from 'node:timers/promises';
import type { WindlassConfig } from '../config/schema.ts';
import type { TaskQueueName } from '../contracts/names.ts';
import { WindlassError } from '../errors/windlass-error.ts';
import type { StartedPart } from './parts.ts';
import { endLeftovers } from './process.ts';
import { claimState, liveLeases, readLiveRecord, takeLease, emptyState } from './state-claim.ts';
import type { Claim, SystemRecord } from './state-claim.ts';
import { SERVICE_NAMES, withNeeds } from './system-types.ts';
import type { ServiceName, ServiceProgress, StartOptions, System, SystemInfo } from './system-types.ts';

/**
 * Services of one row start side by side; a row starts when the one before is ready. They stop in
 * reverse.
 */
const ORDER: readonly (readonly ServiceName[])[] = [
  ['database', 'temporal', 'hub'],
  ['worker', 'fleet', 'api'],
];

/**
 * Without a hub nothing can serve the fleet's queue; work for it waits until a system with a hub
 * runs.
 */
function queuesOf(config: WindlassConfig, options: StartOptions): readonly TaskQueueName[] {
  if (options.queues !== undefined) return options.queues;
  const hub = config.hub.connectionString !== undefined || withNeeds(options.needs).includes('hub');
  return config.worker.queues.filter((queue) => hub || queue !== 'fleet');
}

/**
 * The system that runs in a state folder, or undefined; one that is still starting counts as none.
 */
export function runningSystem(stateDir: string): { record: SystemRecord; info: SystemInfo } | undefined {
  const record = readLiveRecord(stateDir);
  if (record?.phase !== 'ready') return undefined;
  return { record, info: record.services as unknown as SystemInfo };
}

function alreadyRunning(holder: SystemRecord): WindlassError {
  return new WindlassError(
    'ALREADY_RUNNING',
    `\`windlass ${holder.command}\` (process ${holder.pid}, since ${holder.startedAt}) has this state folder.`,
    {
      details: { pid: holder.pid, command: holder.command, startedAt: holder.startedAt, phase: holder.phase },
    },
  );
}

/** Starts, remembers and stops the parts of one system. */
class Starter {
  readonly #options: StartOptions;
  readonly #parts = new Map<ServiceName, StartedPart>();
  #config: WindlassConfig;

  constructor(config: WindlassConfig, options: StartOptions) {
    this.#config = config;
    this.#options = options;
  }

  async start(): Promise<void> {
    const wanted = new Set(withNeeds(this.#options.needs));
    const failed = new AbortController();
    const outer = this.#options.signal;
    const signal = outer === undefined ? failed.signal : AbortSignal.any([outer, failed.signal]);
    for (const row of ORDER) {
      const started = row
        .filter((name) => wanted.has(name))
        .map((name) =>
          this.#startOne(name, signal).catch((error: unknown) => {
            // The others of the row stop waiting; theirs is then only a consequence, and the first
            // failure is told.
            failed.abort(error);
            throw error;
          }),
        );
      const results = await Promise.allSettled(started);
      if (outer?.aborted === true) throw new WindlassError('CANCELLED', 'The start was interrupted.');
      if (failed.signal.aborted) throw failed.signal.reason;
      if (results.some((r) => r.status === 'rejected'))
        throw new WindlassError('INTERNAL', 'A part failed silently.');
    }
  }

  info(): SystemInfo {
    const of = (name: ServiceName): StartedPart | undefined => this.#parts.get(name);
    const pids = [...this.#parts].flatMap(([name, part]) =>
      part.process === undefined ? [] : [[name, part.process.pid] as const],
    );
    return {
      services: SERVICE_NAMES.filter((name) => this.#parts.has(name)),
      config: this.#config,
      temporalUi: this.#config.temporal.uiUrl,
      api: of('api')?.address,
      fleetControl: of('fleet')?.address,
      queues: this.#parts.has('worker') ? queuesOf(this.#config, this.#options) : [],
      pids: Object.fromEntries(pids),
    };
  }

  async stop(): Promise<void> {
    for (const row of ORDER.toReversed()) {
      const stopping = row.map((name) => this.#stopOne(name));
      const failure = (await Promise.allSettled(stopping)).find((r) => r.status === 'rejected');
      if (failure !== undefined)
        this.#tell({
          service: 'system',
          state: 'warning',
          message: `while stopping: ${String(failure.reason)}`,
        });
    }
  }

  async #startOne(service: ServiceName, signal: AbortSignal): Promise<void> {
    const since = performance.now();
    this.#tell({ service, state: 'starting', message: '' });
    // Loaded here, since a command that finds a system running starts nothing.
    const { STARTERS } = await import('./parts.ts');
    const part = await STARTERS[service]({
      config: this.#config,
      queues: queuesOf(this.#config, this.#options),
      report: (message) => this.#tell({ service, state: 'starting', message }),
      onEvent: ({ kind, message }) =>
        this.#tell({ service, state: kind === 'restarted' ? 'ready' : 'warning', message }),
      signal,
    });
    this.#parts.set(service, part);
    this.#config = part.settings?.(this.#config) ?? this.#config;
    const seconds = (performance.now() - since) / 1000;
    this.#tell({ service, state: 'ready', message: part.message, seconds });
  }

  async #stopOne(service: ServiceName): Promise<void> {
    const process = this.#parts.get(service)?.process;
    if (process === undefined) return;
    this.#tell({ service, state: 'stopping', message: '' });
    await process.stop();
    this.#tell({ service, state: 'stopped', message: '' });
  }

  #tell(progress: ServiceProgress): void {
    this.#options.onProgress?.(progress);
  }
}

async function startClaimed(config: WindlassConfig, options: StartOptions, claim: Claim): Promise<System> {
  const starter = new Starter(config, options);
  try {
    const left = await endLeftovers(config.stateDir);
    if (left.length > 0)
      options.onProgress?.({
        service: 'system',
        state: 'warning',
        message: `ended what an interrupted run had left: ${left.join(', ')}`,
      });
    if (options.startAnew !== undefined) emptyState(config.stateDir, options.startAnew.keep);
    await starter.start();
  } catch (error) {
    await starter.stop();
    claim.release();
    throw error;
  }
  const info = starter.info();
  claim.update({ phase: 'ready', services: { ...info } });
  let stopped: Promise<void> | undefined;
  const stop = async (): Promise<void> => {
    claim.update({ phase: 'stopping' });
    await waitForLeases(config.stateDir, options);
    await starter.stop();
    claim.release();
  };
  return { owned: true, info, config: info.config, stop: () => (stopped ??= stop()) };
}

/**
 * A system that ends with its command first lets the commands end that use it too, unless it is
 * interrupted.
 */
async function waitForLeases(stateDir: string, options: StartOptions): Promise<void> {
  if (options.ephemeral !== true) return;
  let told = false;
  for (;;) {
    const users = liveLeases(stateDir);
    if (users.length === 0 || options.signal?.aborted === true) return;
    if (!told)
      options.onProgress?.({
        service: 'system',
        state: 'waiting',
        message: `for windlass ${users.join(', ')}`,
      });
    told = true;
    await delay(200);
  }
}

/**
 * Starts the services that `needs` names, with everything that they need, each only when no
 * existing one is configured. Throws ALREADY_RUNNING when a living process has the state folder,
 * PORT_IN_USE, and whatever a part fails with; then nothing is left running.
 */
export async function startSystem(config: WindlassConfig, options: StartOptions): Promise<System> {
  const outcome = await claimState(config.stateDir, {
    command: options.command ?? 'up',
    ephemeral: options.ephemeral ?? false,
  });
  if ('holder' in outcome) throw alreadyRunning(outcome.holder);
  return startClaimed(config, options, outcome.claim);
}

function covers(info: SystemInfo, config: WindlassConfig, options: StartOptions): boolean {
  const needs = withNeeds(options.needs);
  const queues = needs.includes('worker') ? queuesOf(config, options) : [];
  return needs.every((s) => info.services.includes(s)) && queues.every((q) => info.queues.includes(q));
}

function attach(config: WindlassConfig, options: StartOptions): System | 'gone' | 'lacking' {
  const release = takeLease(config.stateDir, options.command ?? 'a command');
  const running = runningSystem(config.stateDir);
  const usable = running !== undefined && covers(running.info, config, options);
  if (running === undefined || !usable) {
    release();
    return running === undefined ? 'gone' : 'lacking';
  }
  const { info } = running;
  const { temporal, database, hub, artefacts } = info.config;
  return {
    owned: false,
    info,
    config: { ...config, temporal, database, hub, artefacts },
    stop: async () => release(),
  };
}

/**
 * Uses the system that runs in the state folder when it has what is needed; otherwise starts what
 * is needed, and `stop` stops it again. Waits for another command's short-lived system to end when
 * that lacks something. Throws ALREADY_RUNNING when a lasting system lacks something.
 */
export async function attachOrStart(config: WindlassConfig, options: StartOptions): Promise<System> {
  const needs = await servicesToStart(config, options);
  const all: StartOptions = { ...options, needs, ephemeral: true };
  let told = '';
  for (;;) {
    if (options.signal?.aborted === true) throw new WindlassError('CANCELLED', 'Interrupted while waiting.');
    const attached = attach(config, all);
    if (typeof attached !== 'string') return attached;
    const outcome = await claimState(config.stateDir, {
      command: options.command ?? 'a command',
      ephemeral: true,
    });
    if ('claim' in outcome) return startClaimed(config, all, outcome.claim);
    const { holder } = outcome;
    if (attached === 'lacking' && !holder.ephemeral && holder.phase === 'ready') {
      const error = alreadyRunning(holder);
      throw new WindlassError(
        'ALREADY_RUNNING',
        `${error.message} It does not run all of ${needs.join(', ')}.`,
        {
          hint: 'Stop it, and start it with `windlass up`, which runs every part.',
          details: error.details,
        },
      );
    }
    const message = `for windlass ${holder.command} (process ${holder.pid}, ${holder.phase})`;
    if (message !== told) options.onProgress?.({ service: 'system', state: 'waiting', message });
    told = message;
    await delay(250);
  }
}

/**
 * With an existing Temporal server whose task queues are served already, by workers elsewhere, none
 * is started here.
 */
async function servicesToStart(config: WindlassConfig, options: StartOptions): Promise<ServiceName[]> {
  const needs = withNeeds(options.needs);
  const { address, namespace } = config.temporal;
  if (address === undefined || !needs.includes('worker')) return needs;
  const { hasPollers } = await import('../adapters/temporal/pollers.ts');
  const served = await hasPollers(address, namespace, queuesOf(config, options));
  return served ? needs.filter((s) => s !== 'worker') : needs;
}
