import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import pLimit from 'p-limit';
import { createCalibrationStore } from '../../edge/calibration-store.ts';
import { openDatabase } from '../../edge/database.ts';
import type { Log } from '../../edge/log.ts';
import { messageOf } from '../../src/base/error-message.ts';
import { StoreAndForward } from '../../edge/queue.ts';
import { startControlServer } from './control-server.ts';
import { deviceSpecs, provision } from './factory.ts';
import { FleetState } from './fleet-state.ts';
import { createHubRest } from './hub-rest.ts';
import { createImagePuller } from './image-puller.ts';
import { startLiveLoop } from './live-loop.ts';
import { ModelPool } from './model-pool.ts';
import type { FleetOptions } from './options.ts';
import { playScript, readScript } from './script.ts';
import { VirtualDevice } from './virtual-device.ts';

export interface Fleet {
  readonly control: string;
  readonly devices: ReadonlyMap<string, VirtualDevice>;
  close(): Promise<void>;
}

const CONNECTIONS_AT_A_TIME = 8;
const SAVE_MS = 5000;
/** How long the start waits for the devices to be connected; the rest follow. */
const ONLINE_MS = 120_000;

/**
 * Starts the virtual fleet on its state folder: makes sure that the hub knows the devices, powers
 * them on, and waits until those with a network are connected. A hub that cannot be reached stops
 * only the very first start.
 */
export async function startFleet(options: FleetOptions, log: Log): Promise<Fleet> {
  const script = options.script === undefined ? [] : readScript(options.script);
  const folder = resolve(options.state);
  mkdirSync(folder, { recursive: true });
  const db = openDatabase(join(folder, 'fleet.db'));
  const state = new FleetState(db);
  const specs = deviceSpecs(options.devices, options.seed);
  await learnKeys(options, state, log);
  const limit = pLimit(CONNECTIONS_AT_A_TIME);
  const queue = new StoreAndForward(db);
  const parts = {
    hub: options.hub,
    seed: options.seed,
    speed: options.speed,
    stride: options.stride,
    state,
    queue,
    log,
    calibrations: createCalibrationStore(db),
    puller: createImagePuller(resolve(options.images), join(folder, 'cache')),
    pool: new ModelPool(),
    gate: <T>(open: () => Promise<T>) => limit(open),
  };
  const devices = new Map(
    specs.map((spec) => [spec.id, new VirtualDevice(spec, state.get(spec.id).keys, parts)]),
  );
  const control = await startControlServer(devices, options.controlPort);
  for (const device of devices.values()) device.start();
  await connected([...devices.values()]);
  const endLoop = startLiveLoop([...devices.values()], options.speed);
  const endScript = playScript(script, devices, log);
  const saving = setInterval(() => state.save(), SAVE_MS);
  return {
    control: control.url,
    devices,
    close: async () => {
      endLoop();
      endScript();
      clearInterval(saving);
      await control.close();
      await Promise.all([...devices.values()].map((device) => device.stop()));
      state.save();
      queue.close();
    },
  };
}

/** Identities from the hub, or, when it cannot be reached, those of the last time. */
async function learnKeys(options: FleetOptions, state: FleetState, log: Log): Promise<void> {
  const specs = deviceSpecs(options.devices, options.seed);
  const known = state.keys();
  const rest = createHubRest(options.hub);
  try {
    for (const [id, keys] of await provision(rest, specs, known)) state.setKeys(id, keys);
    state.save();
  } catch (error) {
    if (specs.some((spec) => !known.has(spec.id))) throw error;
    log.warn('the hub cannot be reached; the devices start with the identities they have', {
      error: messageOf(error),
    });
  } finally {
    rest.close();
  }
}

async function connected(devices: readonly VirtualDevice[]): Promise<void> {
  const deadline = performance.now() + ONLINE_MS;
  while (performance.now() < deadline && devices.some((device) => device.online && !device.connected))
    await new Promise((resolve) => setTimeout(resolve, 50));
}
