import { spawn } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { EDGE_SERVER } from '../../edge/package-files.ts';
import { startModule, type EdgeModule } from '../../edge/edge-module.ts';
import { silentLog } from '../../edge/log.ts';
import { readSettings } from '../../edge/settings.ts';
import { createFleetHub, type IotHubFleet } from '../../src/adapters/iot-hub/fleet-hub.ts';
import { bundleServer } from '../../src/adapters/oci/server-bundle.ts';
import { createRoutedTelemetry } from '../../src/adapters/iot-hub/routed-telemetry.ts';
import { IMAGE_LAYOUT } from '../../src/contracts/device/model-manifest.ts';
import { MODULE_SLOT } from '../../src/contracts/device/device-tags.ts';
import { windowSummarySchema } from '../../src/contracts/device/window-summary.ts';
import { waitFor } from '../../src/base/wait-for.ts';
import { createPump, type Pump } from '../../stand-ins/pump/pump.ts';
import { deviceConnection, startTestHub, type TestHub } from '../support/iot-hub.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { writeModelFolder, type TinyModel } from '../support/tiny-model.ts';

const ROOT = join(import.meta.dirname, '../..');
const DEVICE = 'pump-042';
const folder = tempFolder('edge-hub');
let hub: TestHub;
let fleetHub: IotHubFleet;
let connection = '';
let model: TinyModel;
let module: EdgeModule;
let pump: Pump;

const environment = () => ({
  WINDLASS_ROOT: folder.path,
  WINDLASS_STATE: join(folder.path, 'state'),
  WINDLASS_LISTEN: '127.0.0.1:0',
  WINDLASS_STRIDE: '60',
  WINDLASS_IMAGE: 'repo@sha256:1',
  WINDLASS_MODULE_CONNECTION_STRING: connection,
  WINDLASS_HUB_CA: hub.hub.caFile,
});
const start = (): Promise<EdgeModule> => startModule(readSettings(environment()), silentLog, () => undefined);
async function rows(count: number): Promise<{ scored: number }> {
  const body = JSON.stringify({ rows: Array.from({ length: count }, () => pump.next()) });
  const response = await fetch(`http://${module.address}/rows`, { method: 'POST', body });
  return (await response.json()) as { scored: number };
}
const evidence = async () => (await fleetHub.readEvidence([DEVICE]))[0];
async function received(): Promise<number[]> {
  const { messages } = await createRoutedTelemetry({ folder: hub.hub.telemetryDir }).read(null, 10_000);
  expect(
    messages.every((m) => m.moduleId === MODULE_SLOT && m.properties['schema'] === 'windlass.window/1'),
  ).toBe(true);
  return messages.map((m) => windowSummarySchema.parse(m.body).seq);
}
const arrives = async (numbers: number[]) =>
  waitFor(async () => JSON.stringify([...new Set(await received())]) === JSON.stringify(numbers), {
    timeoutMs: 20_000,
  });

beforeAll(async () => {
  hub = await startTestHub();
  const { connectionString, httpsPort, mqttPort, caFile } = hub.hub;
  fleetHub = createFleetHub({ connectionString, port: httpsPort, mqttPort, caFile });
  await fleetHub.provision([{ deviceId: DEVICE, tags: {} }]);
  const key = Buffer.alloc(32, 7).toString('base64');
  await hub.registry.addModule({
    deviceId: DEVICE,
    moduleId: MODULE_SLOT,
    authentication: { type: 'sas', symmetricKey: { primaryKey: key, secondaryKey: key } },
  } as never);
  connection = deviceConnection(hub.hub, { deviceId: DEVICE, moduleId: MODULE_SLOT, key });
  model = await writeModelFolder(folder.path, { calibrationRows: 120, windowsPerSummary: 2 });
  pump = createPump({ id: DEVICE, seed: 1, dropoutRate: 0 });
  module = await start();
});
afterAll(async () => {
  await module.stop();
  fleetHub.close();
  await hub.stop();
  folder.remove();
});

test('the module attests what it loaded, and again when it is calibrated', async () => {
  const first = await waitFor(async () => (await evidence())?.attestation ?? undefined, {
    timeoutMs: 20_000,
  });
  expect(first).toMatchObject({
    state: 'calibrating',
    image: 'repo@sha256:1',
    model: { digest: model.digest },
  });
  await rows(120);
  const scoring = await waitFor(async () => (await evidence())?.attestation?.state === 'scoring', {
    timeoutMs: 20_000,
  });
  expect(scoring).toBe(true);
});

test('a calibration that is delivered through the module twin is in use, one that does not fit is refused with a reason', async () => {
  const numbers = new Array<number>(8).fill(1.5);
  const document = {
    schema: 'windlass.calibration/1' as const,
    id: 'from-the-platform',
    model: model.digest,
    rows: 400,
    mean: numbers,
    std: numbers,
    tensors: ['baseline_mean', 'baseline_std'].map((name) => ({ name, values: numbers })),
  };
  const attested = (calibration: object) =>
    waitFor(
      async () => {
        const found = (await evidence())?.attestation?.calibration;
        return JSON.stringify(found) === JSON.stringify(calibration) ? true : undefined;
      },
      { timeoutMs: 20_000 },
    );
  await fleetHub.setCalibration(DEVICE, { ...document, id: 'other', model: 'sha256:other' });
  const refused = `it was fitted for model sha256:other, this is ${model.digest}`;
  expect(await attested({ state: 'fitted', rows: 120, problem: refused })).toBe(true);
  await fleetHub.setCalibration(DEVICE, document);
  expect(await attested({ state: 'delivered', rows: 400, id: 'from-the-platform' })).toBe(true);
  // Deliveries to a hub that was away may come in any order: the one that was fitted later stays in
  // the twin.
  const newest = { ...document, id: 'newest', fittedAt: '2026-03-02T00:00:00Z' };
  expect(await fleetHub.setCalibration(DEVICE, newest)).toBeUndefined();
  const late = { ...document, id: 'late', fittedAt: '2026-03-01T00:00:00Z' };
  expect(await fleetHub.setCalibration(DEVICE, late)).toEqual(newest);
  expect(await attested({ state: 'delivered', rows: 400, id: 'newest' })).toBe(true);
  await expect(fleetHub.setCalibration('nobody', document)).rejects.toMatchObject({ code: 'NOT_FOUND' });
});

test('summaries go to the hub; while it is gone they wait, scoring goes on, and then they come in order', async () => {
  expect(await rows(60 * 3 + 1)).toMatchObject({ scored: 4 });
  expect(await arrives([0, 1])).toBe(true);
  hub.hub.setFaults({ down: true });
  expect(await rows(60 * 4)).toMatchObject({ scored: 8 });
  hub.hub.setFaults({});
  expect(await arrives([0, 1, 2, 3])).toBe(true);
});

test('after a restart it goes on with the next number', async () => {
  await module.stop();
  module = await start();
  await rows(60 * 2 + 1);
  expect(await arrives([0, 1, 2, 3, 4])).toBe(true);
});

test('bundled as an image has it, the module reaches the hub too', async () => {
  await module.stop();
  for (const entry of await bundleServer({ root: ROOT, ...EDGE_SERVER })) {
    const path = join(folder.path, entry.path);
    mkdirSync(dirname(path), { recursive: true });
    if (entry.type === 'file') writeFileSync(path, entry.content as Uint8Array);
  }
  mkdirSync(join(folder.path, 'windlass/node_modules'));
  for (const name of EDGE_SERVER.packages)
    symlinkSync(join(ROOT, 'node_modules', name), join(folder.path, 'windlass/node_modules', name));
  const child = spawn(process.execPath, [join(folder.path, IMAGE_LAYOUT.server)], {
    env: { ...EDGE_SERVER.env, ...environment(), WINDLASS_IMAGE: 'repo@sha256:2' },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  try {
    const attested = await waitFor(async () => (await evidence())?.attestation?.image === 'repo@sha256:2', {
      timeoutMs: 20_000,
    });
    expect(attested).toBe(true);
  } finally {
    child.kill('SIGKILL');
  }
});
