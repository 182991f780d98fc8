import type { Row } from '../../edge/scorer.ts';
import type { CalibrationStore } from '../../edge/calibration-store.ts';
import { createModuleClient } from '../../edge/azure-client.ts';
import type { Log } from '../../edge/log.ts';
import type { StoreAndForward } from '../../edge/queue.ts';
import { MODULE_SLOT } from '../../src/contracts/device/device-tags.ts';
import { PUMP_COLUMNS } from '../pump/columns.ts';
import type { FaultKind, FaultPlan } from '../pump/faults.ts';
import { createPump, type Pump } from '../pump/pump.ts';
import type { RegimeName } from '../pump/regimes.ts';
import { createRandom } from '../pump/random.ts';
import { DeviceFaults } from './device-faults.ts';
import { EdgeAgent } from './edge-agent.ts';
import type { DeviceKeys, DeviceSpec } from './factory.ts';
import type { FleetState } from './fleet-state.ts';
import type { ImagePuller } from './image-puller.ts';
import type { ModelPool } from './model-pool.ts';
import type { HubAddress } from './options.ts';
import { VirtualModule } from './virtual-module.ts';

/** What all devices of a fleet share. */
export interface FleetParts {
  readonly hub: HubAddress;
  readonly seed: number;
  readonly speed: number;
  readonly stride: number;
  readonly state: FleetState;
  readonly queue: StoreAndForward;
  readonly calibrations: CalibrationStore;
  readonly puller: ImagePuller;
  readonly pool: ModelPool;
  /** Bounds how many connections are opened at a time. */
  readonly gate: <T>(open: () => Promise<T>) => Promise<T>;
  readonly log: Log;
}

/**
 * How long a new image takes over each kind of link, in ms (shortened: most of an image is on the
 * device already).
 */
const PULL_MS: Readonly<Record<string, number>> = { lan: 0, lte: 300, satellite: 1200 };
const RECONNECT_MS = [250, 8000] as const;
/**
 * Rows of a pump's life before it goes live: its commissioning and a little more, so that no row is
 * seen twice.
 */
const ROWS_BEFORE_LIVE = 1000;

const columnIndex = new Map<string, number>(PUMP_COLUMNS.map((c, i) => [c.name, i]));

/**
 * A sample's readings in the order of the model's columns; a column that the pump does not have is
 * missing.
 */
function rowOf(sample: { time: string; values: readonly number[] }, columns: readonly string[]): Row {
  return {
    time: sample.time,
    values: columns.map((name) => sample.values[columnIndex.get(name) ?? -1] ?? null),
  };
}

/** One IoT Edge device: a pump, its agent, and the module that the agent runs. */
export class VirtualDevice {
  readonly spec: DeviceSpec;
  readonly faults = new DeviceFaults();
  readonly #parts: FleetParts;
  readonly #agent: EdgeAgent;
  readonly #totals = { scored: 0, invalid: 0, alarms: 0 };
  #pump: Pump;
  #online: boolean;
  #busy = false;
  #owed = 0;

  constructor(spec: DeviceSpec, keys: DeviceKeys, parts: FleetParts) {
    const record = parts.state.get(spec.id);
    this.spec = spec;
    this.#parts = parts;
    this.#online = record.online;
    this.#pump = this.#createPump(record.regime as RegimeName, record.clock);
    if (record.clock === null) for (let i = 0; i < ROWS_BEFORE_LIVE; i += 1) this.#pump.next();
    const random = createRandom(parts.seed, 'link', spec.id);
    const connection = { gate: parts.gate, backoffMs: RECONNECT_MS, random: () => random.next() };
    this.#agent = new EdgeAgent({
      device: spec.id,
      platform: spec.tags.platform,
      hub: { ...connection, createClient: () => this.#client('$edgeAgent', keys.agent) },
      puller: parts.puller,
      faults: this.faults,
      timeScale: Math.max(1, parts.speed),
      pullMs: PULL_MS[spec.tags.link] ?? 0,
      online: () => this.#online,
      installed: record.installed,
      save: (installed) => parts.state.update(spec.id, { installed }),
      log: parts.log,
      createModule: (installed, onExit) =>
        new VirtualModule({
          device: spec.id,
          image: installed.image,
          folder: installed.folder,
          stride: parts.stride,
          pool: parts.pool,
          queue: parts.queue,
          calibrations: parts.calibrations,
          log: parts.log,
          faults: this.faults,
          commissioning: (rows, columns) => this.#commissioning(rows, columns),
          hub: { connection, createClient: () => this.#client(MODULE_SLOT, keys.scorer) },
          online: () => this.#online,
          onExit,
        }),
    });
  }

  /** Whether the device has a network. */
  get online(): boolean {
    return this.#online;
  }

  /** Whether its agent has a connection to the hub. */
  get connected(): boolean {
    return this.#agent.online;
  }

  start(): void {
    this.#agent.start();
  }

  async stop(): Promise<void> {
    await this.#agent.stop();
  }

  /** Takes the network away, or gives it back. Scoring and queueing go on without it. */
  async setOnline(online: boolean): Promise<void> {
    if (this.#online === online) return;
    this.#online = online;
    this.#parts.state.update(this.spec.id, { online });
    await this.#agent.setOnline(online);
  }

  setRegime(regime: RegimeName): void {
    this.#pump.setRegime(regime);
    this.#parts.state.update(this.spec.id, { regime });
  }

  injectPumpFault(kind: FaultKind, plan: FaultPlan): void {
    this.#pump.injectFault(kind, plan);
  }

  repairPump(): void {
    this.#pump.repair();
  }

  /** Fits the device's calibration again, on the pump as it is now. */
  async recommission(): Promise<void> {
    const module = this.#agent.supervisor.module;
    const columns = module?.columns;
    if (module && columns) await module.recommission((count) => this.#rows(count, columns));
  }

  /**
   * Lets the pump run for so many of its seconds and gives the readings to the module. While the
   * module is still busy with the last ones, the rows wait (at most ten seconds' worth: then the
   * newest are lost, as in a full sensor buffer).
   */
  async advance(rows: number): Promise<void> {
    this.#owed = Math.min(this.#owed + rows, Math.max(rows, this.#parts.speed * 10));
    if (this.#busy) return;
    this.#busy = true;
    try {
      const due = Math.floor(this.#owed);
      this.#owed -= due;
      const module = this.#agent.supervisor.module;
      const batch = this.#rows(due, module?.columns ?? []);
      const before = module?.scorer && { ...module.scorer.totals };
      const after = await module?.ingest(batch);
      if (before && after) {
        this.#totals.scored += after.scored - before.scored;
        this.#totals.invalid += after.invalid - before.invalid;
        this.#totals.alarms += after.alarms - before.alarms;
      }
      const clock = batch.at(-1)?.time;
      if (clock) this.#parts.state.update(this.spec.id, { clock }, true);
    } finally {
      this.#busy = false;
    }
  }

  describe(): Record<string, unknown> {
    const { supervisor, status } = this.#agent;
    const { installed, module, runtime } = supervisor;
    return {
      id: this.spec.id,
      online: this.#online,
      connected: this.connected,
      tags: this.spec.tags,
      image: installed?.image ?? null,
      model: module?.model ?? null,
      state: installed ? (module?.scorer?.state ?? runtime.status) : 'empty',
      status: runtime.status,
      description: runtime.description,
      lastDesiredStatus: status,
      regime: this.#pump.regime,
      restarts: installed?.restartCount ?? 0,
      windows: { ...this.#totals },
      queue: this.#parts.queue.stats(this.spec.id),
      faults: this.faults.list(),
    };
  }

  #client(moduleId: string, key: string): ReturnType<typeof createModuleClient> {
    const { hostname, mqttPort, caFile } = this.#parts.hub;
    const gateway = mqttPort === 8883 ? '' : `;GatewayHostName=${hostname}:${mqttPort}`;
    const connectionString = `HostName=${hostname};DeviceId=${this.spec.id};ModuleId=${moduleId};SharedAccessKey=${key}${gateway}`;
    return createModuleClient({ connectionString, caFile });
  }

  #createPump(regime: RegimeName, startTime: string | null): Pump {
    const { seed } = this.#parts;
    return createPump({ id: this.spec.id, seed, regime, startTime: startTime ?? undefined });
  }

  #rows(count: number, columns: readonly string[]): Row[] {
    return Array.from({ length: count }, () => rowOf(this.#pump.next(), columns));
  }

  #commissioning(rows: number, columns: readonly string[]): Row[] {
    const fresh = this.#createPump('nominal', null);
    return Array.from({ length: rows }, () => rowOf(fresh.next(), columns));
  }
}
