import { VERSIONS_FOLDER } from '../../domain/tracking/artefact-paths.ts';
import type { MlflowRegistry } from '../../ports/mlflow-registry.ts';
import type { ModelVersions } from '../../ports/registry/model-versions.ts';
import type { PipelineRegistry } from '../../ports/registry/pipelines.ts';
import { mlmodelText, ONNX_FILE, REQUIREMENTS } from './mlmodel.ts';
import type { ServedFile, ServedFiles } from './served-files.ts';

export interface VersionSources {
  readonly registry: Pick<ModelVersions, 'record'> & Pick<PipelineRegistry, 'pipeline'>;
  readonly models: Pick<MlflowRegistry, 'doorVersion' | 'versionFiles'>;
}

/**
 * Files of registered versions, below `registered-models/<name>/<version>`: those that a client
 * registered, or, for a version that Windlass made, its ONNX model in the folder that MLflow
 * expects.
 */
export function versionFiles(sources: VersionSources): ServedFiles {
  const below = async (path: string): Promise<ServedFile[]> => {
    const found = new RegExp(`^${VERSIONS_FOLDER}/([^/]+)/(\\d+)(/|$)`).exec(path);
    const [, name, version] = found ?? [];
    if (name === undefined || version === undefined) return [];
    const root = `${VERSIONS_FOLDER}/${name}/${version}`;
    const files = await readFiles(sources, name, version);
    return files.map((file) => ({ ...file, path: `${root}/${file.path}` }));
  };
  return {
    file: async (path) => (await below(path)).find((file) => file.path === path),
    below: async (folder) => (await below(folder)).filter(({ path }) => path.startsWith(`${folder}/`)),
  };
}

async function readFiles(
  { registry, models }: VersionSources,
  name: string,
  version: string,
): Promise<ServedFile[]> {
  const { origin } = await models.doorVersion(name, version);
  if (origin === 'mlflow')
    return (await models.versionFiles(name, version)).map(({ digest, ...file }) => ({
      ...file,
      content: { digest },
    }));
  const model = await registry.record(name, version);
  if (model === undefined) return [];
  const made = model.pipeline;
  const pipeline = made === null ? undefined : await registry.pipeline(made.name, made.version);
  const text = (path: string, content: string): ServedFile => ({
    path,
    mediaType: 'text/plain; charset=utf-8',
    content: { text: content },
    size: Buffer.byteLength(content),
  });
  const { digest, size, mediaType } = model.onnx;
  return [
    text('MLmodel', mlmodelText(model, pipeline?.spec)),
    { path: ONNX_FILE, size, mediaType, content: { digest } },
    text('requirements.txt', REQUIREMENTS),
  ];
}

/** Both kinds of files under one root. */
export function allFiles(client: ServedFiles, versions: ServedFiles): ServedFiles {
  const of = (path: string): ServedFiles => (path.startsWith(`${VERSIONS_FOLDER}/`) ? versions : client);
  return { file: (path) => of(path).file(path), below: (folder) => of(folder).below(folder) };
}
