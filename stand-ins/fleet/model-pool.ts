import { cp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { loadModel, type EdgeModel } from '../../edge/model.ts';

export interface PooledModel {
  readonly model: EdgeModel;
  release(): Promise<void>;
}

/**
 * Models by image folder, loaded and tested once however many virtual devices run them; freed with
 * the last.
 */
export class ModelPool {
  readonly #models = new Map<string, { loading: Promise<EdgeModel>; users: number }>();

  /**
   * Loads `<root>/model`, or shares what is loaded; rejects with a ModuleFault when it cannot be
   * used.
   */
  async acquire(root: string): Promise<PooledModel> {
    let entry = this.#models.get(root);
    if (!entry) this.#models.set(root, (entry = { loading: loadModel(root), users: 0 }));
    const shared = entry;
    shared.users += 1;
    const release = async (): Promise<void> => {
      shared.users -= 1;
      if (shared.users > 0) return;
      if (this.#models.get(root) === shared) this.#models.delete(root);
      await shared.loading.then(
        (model) => model.close(),
        () => undefined,
      );
    };
    try {
      return { model: await shared.loading, release };
    } catch (error) {
      await release();
      throw error;
    }
  }
}

/**
 * A copy of an image folder whose model.onnx was altered on the way: it still loads, but has
 * another digest.
 */
export async function tamperedCopy(folder: string): Promise<string> {
  const copy = `${folder}.tampered`;
  if (await stat(join(copy, 'tampered')).catch(() => undefined)) return copy;
  await rm(copy, { recursive: true, force: true });
  await cp(folder, copy, { recursive: true });
  const path = join(copy, 'windlass', 'model', 'model.onnx');
  // ModelProto.doc_string (field 6): a text that changes the bytes and not the graph.
  const text = Buffer.from('altered');
  await writeFile(path, Buffer.concat([await readFile(path), Buffer.from([0x32, text.length]), text]));
  await writeFile(join(copy, 'tampered'), '');
  return copy;
}
