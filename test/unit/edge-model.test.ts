import { appendFile, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { loadModel } from '../../edge/model.ts';
import { EXIT } from '../../edge/module-fault.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { writeModelFolder, type TinyModelOptions } from '../support/tiny-model.ts';

const folders: ReturnType<typeof tempFolder>[] = [];
afterAll(() => folders.forEach((folder) => folder.remove()));

async function modelFolder(options: TinyModelOptions = {}) {
  const folder = tempFolder('model');
  folders.push(folder);
  const written = await writeModelFolder(folder.path, options);
  return { root: folder.path, file: (name: string) => join(folder.path, 'model', name), written };
}

test('a good model attests the digest of its bytes and golden rows that match', async () => {
  const { root, written } = await modelFolder();
  const model = await loadModel(root);
  expect(model).toMatchObject({ digest: written.digest, refusal: null, golden: { rows: 32, match: true } });
  expect(model.golden.maxAbsDiff).toBeLessThan(1e-5);
  expect(model.signature.inputs).toEqual([
    { name: 'window', shape: ['N', 60, 8] },
    { name: 'baseline_mean', shape: ['N', 8] },
    { name: 'baseline_std', shape: ['N', 8] },
  ]);
  await model.close();
});

test('at most 64 golden rows are scored on the device', async () => {
  const { root } = await modelFolder({ goldenRows: 100 });
  const model = await loadModel(root);
  expect(model.golden.rows).toBe(64);
  await model.close();
});

test('a model whose golden rows differ must not score, and says by how much', async () => {
  const { root } = await modelFolder({ goldenError: 0.01 });
  const model = await loadModel(root);
  expect(model.golden).toMatchObject({ match: false, maxAbsDiff: expect.closeTo(0.01, 4) });
  expect(model.refusal).toMatch(/golden rows differ by 0\.0(1|09)/);
  await model.close();
});

test('a model that gives NaN on its golden rows has no difference and no match', async () => {
  const { root } = await modelFolder({ gain: NaN });
  await writeFile(
    join(root, 'model', 'golden.json'),
    (await readFile(join((await modelFolder()).root, 'model', 'golden.json'))).toString(),
  );
  const model = await loadModel(root);
  expect(model.golden).toEqual({ rows: 32, maxAbsDiff: null, match: false });
  expect(model.refusal).toMatch(/not finite/);
  await model.close();
});

test('bytes that were altered on the way are attested as they are, and refused', async () => {
  const { root, file, written } = await modelFolder();
  // doc_string: the graph is the same
  await appendFile(file('model.onnx'), Buffer.from([0x32, 1, 0x61]));
  const model = await loadModel(root);
  expect(model.digest).not.toBe(written.digest);
  expect(model.refusal).toContain(`its manifest says ${written.digest}`);
  await model.close();
});

test.each(['model.onnx', 'model.json', 'golden.json', 'baseline.json'])(
  'a missing %s is named',
  async (name) => {
    const { root, file } = await modelFolder();
    await rm(file(name));
    await expect(loadModel(root)).rejects.toMatchObject({
      exitCode: EXIT.model,
      message: expect.stringContaining(name),
    });
  },
);

test.each([
  ['model.onnx', 'not a model', /cannot be loaded/],
  ['model.json', '{}', /model\.json is not valid/],
  ['golden.json', '{"schema":"windlass.golden/1","inputs":{},"outputs":{}}', /no rows of output probability/],
  ['baseline.json', 'x', /baseline\.json is not valid/],
])('a broken %s ends the module with a message', async (name, content, message) => {
  const { root, file } = await modelFolder();
  await writeFile(file(name), content);
  await expect(loadModel(root)).rejects.toMatchObject({
    exitCode: EXIT.model,
    message: expect.stringMatching(message),
  });
});

test('a manifest that names an input the graph does not have is refused', async () => {
  const { root, file, written } = await modelFolder();
  await writeFile(file('model.json'), JSON.stringify({ ...written.manifest, input: 'frames' }));
  await expect(loadModel(root)).rejects.toThrow(/no input frames; it has window/);
});
