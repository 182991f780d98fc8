import { join } from 'node:path';
import type { TestSubject } from '../../activities/packaging/container-test/suite-tools.ts';
import { functionalSuite } from '../../activities/packaging/container-test/functional-suite.ts';
import { offlineSuite } from '../../activities/packaging/container-test/offline-suite.ts';
import { startModule, type EdgeModule } from '../../edge/edge-module.ts';
import { silentLog } from '../../edge/log.ts';
import { readSettings } from '../../edge/settings.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { tinyGolden, writeModelFolder, type TinyModel } from '../support/tiny-model.ts';

const folder = tempFolder('offline-calibration');
let model: TinyModel;
let module: EdgeModule;
beforeAll(async () => {
  model = await writeModelFolder(folder.path, { fit: 'command', windowsPerSummary: 5 });
  const environment = { WINDLASS_ROOT: folder.path, WINDLASS_STATE: join(folder.path, 'state') };
  const settings = readSettings({ ...environment, WINDLASS_LISTEN: '127.0.0.1:0' });
  module = await startModule(settings, silentLog, () => undefined);
});
afterAll(async () => {
  await module.stop();
  folder.remove();
});

async function request(path: string, body?: unknown) {
  const init = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) };
  const response = await fetch(`http://${module.address}${path}`, init);
  return { status: response.status, body: await response.text(), ms: 0 };
}
const subject = (): TestSubject => ({
  instance: {
    request: ({ path, body }: { path: string; body?: unknown }) => request(path, body),
  } as unknown as TestSubject['instance'],
  manifest: model.manifest,
  golden: tinyGolden(),
  maxLatencyP99Ms: 1000,
});

test('an image whose model waits for its calibration passes its suites: uncalibrated, then given one on site, then scoring', async () => {
  const statuses = (gates: Awaited<ReturnType<typeof offlineSuite>>) =>
    Object.fromEntries(gates.map((g) => [g.name, g.status]));
  expect(Object.values(statuses(await functionalSuite(subject())))).not.toContain('fail');
  expect(statuses(await offlineSuite(subject()))).toEqual({
    'container.offline-scoring': 'pass',
    'container.offline-queue': 'pass',
  });
  expect(JSON.parse((await request('/attestation')).body)).toMatchObject({
    state: 'scoring',
    calibration: { state: 'delivered', id: 'container-test' },
  });
});

test('on site too, one of another model is refused with the reason, and what was there goes on', async () => {
  const refused = await request('/calibration', {
    schema: 'windlass.calibration/1',
    id: 'x',
    model: 'sha256:other',
    rows: 4,
    mean: [],
    std: [],
    tensors: [],
  });
  expect(refused.status).toBe(400);
  expect(refused.body).toMatch(/the calibration is refused: it was fitted for model sha256:other/);
  expect(JSON.parse((await request('/attestation')).body)).toMatchObject({
    state: 'scoring',
    calibration: { id: 'container-test', problem: expect.stringMatching(/mean has 0 values/) },
  });
});
