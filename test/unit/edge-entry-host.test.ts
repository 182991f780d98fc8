import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openEntry } from '../../edge/entry-host.ts';
import { silentLog } from '../../edge/log.ts';
import { loadModel, type EdgeModel } from '../../edge/model.ts';
import { EXIT } from '../../edge/module-fault.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { TINY_ENTRY, tinyGolden, writeModelFolder } from '../support/tiny-model.ts';

const folder = tempFolder('entry');
let model: EdgeModel;
beforeAll(async () => {
  await writeModelFolder(folder.path);
  model = await loadModel(folder.path);
});
afterAll(async () => {
  await model.close();
  folder.remove();
});

let scripts = 0;
async function open(source: string, deadlineMs?: number) {
  scripts += 1;
  const path = join(folder.path, 'entry', `script-${scripts}.js`);
  await writeFile(path, source);
  return openEntry({ path, assets: join(folder.path, 'entry'), model, log: silentLog, deadlineMs });
}
const golden = tinyGolden();
const row = (input: string): { shape: number[]; data: Float32Array } => {
  const { shape, data } = golden.inputs[input]!;
  return { shape: shape.with(0, 1), data: Float32Array.from(data.slice(0, data.length / shape[0]!)) };
};
const data = {
  window: row('window').data,
  calibration: { baseline_mean: row('baseline_mean'), baseline_std: row('baseline_std') },
  endTime: '2026-01-05T06:00:00Z',
};

test('the script scores a window with the model, as the training framework did', async () => {
  const entry = await open(TINY_ENTRY);
  const result = await entry.run(data);
  const expected = golden.outputs['probability']!.data[0]!;
  expect(result).toEqual({ probability: expect.closeTo(expected, 5), alarm: expected >= 0.5 });
});

test('init gets the model it serves, and run the window and its end', async () => {
  const entry = await open(`
    let model;
    export function init(context) { model = context.model; }
    export function run(data) { return { invalid: [model.name, model.version, model.threshold, data.window.length, data.endTime].join(' ') }; }`);
  expect(await entry.run(data)).toEqual({ invalid: 'pump-health 1 0.5 480 2026-01-05T06:00:00Z' });
});

test('two devices have a script each: what one keeps the other does not see', async () => {
  const source = 'let n = 0; export function run() { n += 1; return { invalid: String(n) }; }';
  const path = join(folder.path, 'entry', 'counter.js');
  await writeFile(path, source);
  const options = { path, assets: folder.path, model, log: silentLog };
  const [a, b] = [await openEntry(options), await openEntry(options)];
  await a.run(data);
  expect([await a.run(data), await b.run(data)]).toEqual([{ invalid: '2' }, { invalid: '1' }]);
});

test('a probability that is not a number is an invalid window, not a crash', async () => {
  const entry = await open('export const run = () => ({ probability: NaN, alarm: false });');
  expect(await entry.run(data)).toEqual({ invalid: 'the probability is not finite' });
});

test.each([
  ['throws', 'export function run() { throw new Error("boom"); }', EXIT.entryRun, /threw boom/],
  [
    'rejects',
    'export async function run() { await null; null.x; }',
    EXIT.entryRun,
    /run of the entry script threw/,
  ],
  [
    'never ends',
    'export const run = () => new Promise(() => {});',
    EXIT.entryTimeout,
    /took longer than 50 ms/,
  ],
  ['gives nothing', 'export function run() {}', EXIT.entryResult, /must return/],
  ['gives no alarm', 'export const run = () => ({ probability: 0.5 });', EXIT.entryResult, /must return/],
  ['gives 1.2', 'export const run = () => ({ probability: 1.2, alarm: true });', EXIT.entryResult, /0\.\.1/],
  [
    'asks the model wrongly',
    'export const run = (d, c) => c.score({ window: { shape: [1, 2, 3], data: [1] } });',
    EXIT.entryRun,
    /run of the entry script threw/,
  ],
])('a run that %s ends the module', async (_, source, exitCode, message) => {
  const entry = await open(source, 50);
  await expect(entry.run(data)).rejects.toMatchObject({ exitCode, message: expect.stringMatching(message) });
});

test.each([
  ['does not parse', 'export function run( {', EXIT.entryMissing, /does not load/],
  ['exports no run', 'export const walk = 1;', EXIT.entryMissing, /does not export a function run/],
  [
    'exports an init that is no function',
    'export const init = 1; export function run() {}',
    EXIT.entryMissing,
    /init/,
  ],
  [
    'fails in init',
    'export function init() { throw new Error("no"); } export function run() {}',
    EXIT.entryInit,
    /no/,
  ],
])('a script that %s does not start', async (_, source, exitCode, message) => {
  await expect(open(source)).rejects.toMatchObject({ exitCode, message: expect.stringMatching(message) });
});

test('a script that is not there is named', async () => {
  const options = { path: join(folder.path, 'nowhere.js'), assets: '', model, log: silentLog };
  await expect(openEntry(options)).rejects.toMatchObject({
    exitCode: EXIT.entryMissing,
    message: /nowhere\.js/,
  });
});
