import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { storeOutputs } from '../../activities/training/train-outputs.ts';
import { createFileArtefactStore } from '../../src/adapters/blob/file-artefact-store.ts';
import { tempFolder } from '../support/temp-folder.ts';

let folder: ReturnType<typeof tempFolder>;
beforeEach(() => {
  folder = tempFolder('outputs');
});
afterEach(() => folder.remove());

test('outputs that lead out of the folder are refused by name, like those that are not there', async () => {
  const [out, elsewhere] = [join(folder.path, 'out'), join(folder.path, 'elsewhere')];
  for (const path of [out, elsewhere]) mkdirSync(path);
  writeFileSync(join(elsewhere, '0.onnx'), 'a secret');
  writeFileSync(join(out, 'metrics.json'), '{}');
  symlinkSync(join(elsewhere, '0.onnx'), join(out, 'model.onnx'));
  symlinkSync(elsewhere, join(out, 'folds'));
  const artefacts = createFileArtefactStore(join(folder.path, 'artefacts'));
  await expect(storeOutputs(artefacts, out, [0])).rejects.toMatchObject({
    code: 'TRAIN_FAILED',
    details: {
      missing: [
        'model.onnx (a link to elsewhere)',
        'golden.json',
        `${join('folds', '0.onnx')} (a link to elsewhere)`,
      ],
    },
  });
});
