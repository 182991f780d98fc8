import { join } from 'node:path';
import { createModuleClient } from './azure-client.ts';
import { createCalibrationStore } from './calibration-store.ts';
import { openDatabase } from './database.ts';
import { openEntry } from './entry-host.ts';
import { HubClient } from './hub-client.ts';
import type { Log } from './log.ts';
import { loadModel } from './model.ts';
import { EXIT, ModuleFault } from './module-fault.ts';
import { messageOf } from '../src/base/error-message.ts';
import { StoreAndForward } from './queue.ts';
import { deliverDesired, Scorer } from './scorer.ts';
import { startServer } from './server.ts';
import type { Settings } from './settings.ts';

const EDGE_VERSION = '1';

function openState(path: string): ReturnType<typeof openDatabase> {
  try {
    return openDatabase(path);
  } catch (error) {
    throw new ModuleFault(EXIT.config, `the state in ${path} cannot be opened: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

export interface EdgeModule {
  readonly address: string;
  stop(): Promise<void>;
}

/**
 * Starts the module: it listens at once (not yet ready), loads the model and checks it, opens the
 * entry script, and then is ready. Rejects with a ModuleFault when model or entry script cannot be
 * used.
 */
export async function startModule(
  settings: Settings,
  log: Log,
  onFault: (fault: ModuleFault) => void,
): Promise<EdgeModule> {
  const server = await startServer({ listen: settings.listen, version: EDGE_VERSION, onFault });
  const closers: (() => Promise<void> | void)[] = [];
  const stop = async (): Promise<void> => {
    await server.close();
    for (const close of closers.splice(0).reverse()) await close();
  };
  try {
    const model = await loadModel(settings.root);
    closers.push(() => model.close());
    const { name, version } = model.manifest;
    log.info('model loaded', { model: name, version, digest: model.digest, golden: model.golden });
    if (model.refusal !== null) log.error('the model must not score', { reason: model.refusal });
    const path = join(settings.root, 'entry', 'entry.js');
    const entry = await openEntry({ path, assets: join(settings.root, 'entry'), model, log });
    const db = openState(settings.database);
    const queue = new StoreAndForward(db, { maxBytes: settings.queueBytes });
    closers.push(() => queue.close());
    let hub: HubClient | undefined;
    const { device, image, stride } = settings;
    const scorer = new Scorer({
      device,
      image,
      stride,
      model,
      entry,
      queue,
      log,
      calibrations: createCalibrationStore(db),
      onChange: () => void hub?.attest(),
    });
    closers.push(() => scorer.stop());
    if (settings.hub) {
      const credentials = settings.hub;
      hub = new HubClient({
        device,
        queue,
        log,
        createClient: () => createModuleClient(credentials),
        attestation: () => scorer.attestation(),
        onDesired: (desired) => deliverDesired(scorer, desired),
      });
      const client = hub;
      closers.push(() => client.stop());
      client.start();
    }
    server.serve({ model, entry, scorer, queue, device });
    return { address: server.address, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
