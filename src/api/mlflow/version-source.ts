import type { TrackedFile } from '../../contracts/mlflow/tracking.ts';
import {
  artefactPath,
  loggedModelUri,
  runArtefactUri,
  safePath,
  versionArtefactUri,
} from '../../domain/tracking/artefact-paths.ts';
import { WindlassError } from '../../errors/windlass-error.ts';
import type { ArtefactStore } from '../../ports/artefact-store.ts';
import type { LoggedModelStore, RunStore } from '../../ports/tracking-store.ts';
import type { ServedFiles } from './served-files.ts';

export interface SourceDeps {
  readonly tracking: Pick<RunStore, 'run'> & Pick<LoggedModelStore, 'loggedModel' | 'searchLoggedModels'>;
  readonly artefacts: Pick<ArtefactStore, 'put'>;
  readonly files: ServedFiles;
}

export interface VersionSource {
  readonly runId: string | null;
  readonly modelId: string | null;
  /** Relative to the root of the version. */
  readonly files: readonly TrackedFile[];
}

/**
 * The files that a client means with `source` (`runs:/…`, `models:/…` or `mlflow-artifacts:/…`),
 * and the run that they come from. INPUT_INVALID where there are none, or where Windlass does not
 * keep them.
 */
export async function resolveSource(
  deps: SourceDeps,
  given: { source: string; runId: string | null; modelId: string | null },
): Promise<VersionSource> {
  const { source } = given;
  const modelId = given.modelId ?? /^models:\/(m-[\w]+)$/.exec(source)?.[1] ?? null;
  const model = modelId === null ? undefined : await deps.tracking.loggedModel(modelId);
  const runId = given.runId ?? model?.sourceRunId ?? /^runs:\/([^/]+)/.exec(source)?.[1] ?? null;
  const run = runId === null ? undefined : await deps.tracking.run(runId);
  const folder = /^models:\/m-/.test(source)
    ? artefactPath(model === undefined ? '' : loggedModelUri(model))
    : folderOf(source, run);
  if (folder === undefined)
    throw new WindlassError(
      'INPUT_INVALID',
      `source: Windlass does not keep files at ${JSON.stringify(source)}.`,
      {
        hint: 'Log the model with a run (mlflow.<flavour>.log_model or mlflow.log_artifacts), and register it from there.',
      },
    );
  const files = await readFiles(deps, folder);
  if (files.length > 0) return { runId, modelId, files };
  // MLflow 3 keeps what a run logged as "name" beside the run: the client still says
  // runs:/<run>/<name>.
  const logged = run === undefined ? undefined : await loggedAs(deps, { folder, run });
  if (logged !== undefined) {
    const below = await readFiles(deps, artefactPath(loggedModelUri(logged)) ?? '');
    if (below.length > 0) return { runId, modelId: logged.modelId, files: below };
  }
  throw new WindlassError('INPUT_INVALID', `source: there are no files at ${JSON.stringify(source)}.`, {
    hint: 'Log the model first; a version keeps the files that are there when it is registered.',
  });
}

type SourceRun = Awaited<ReturnType<SourceDeps['tracking']['run']>>;

function folderOf(source: string, run: SourceRun | undefined): string | undefined {
  const inRun = /^runs:\/[^/]+\/(.+)$/.exec(source)?.[1];
  if (inRun !== undefined && run !== undefined)
    return safePath(`${artefactPath(runArtefactUri(run))}/${inRun}`);
  const [, name, version] = /^models:\/([^/@]+)\/(\d+)$/.exec(source) ?? [];
  if (name !== undefined && version !== undefined) return artefactPath(versionArtefactUri({ name, version }));
  return artefactPath(source);
}

async function readFiles({ files, artefacts }: SourceDeps, folder: string): Promise<TrackedFile[]> {
  const below = await files.below(folder);
  const single = below.length > 0 ? undefined : await files.file(folder);
  const found = single === undefined ? below : [single];
  const root = single === undefined ? folder : folder.split('/').slice(0, -1).join('/');
  return Promise.all(
    found.map(async ({ path, size, mediaType, content }) => ({
      path: path.slice(root.length + 1),
      size,
      mediaType,
      digest: 'digest' in content ? content.digest : (await artefacts.put(content.text, mediaType)).digest,
    })),
  );
}

async function loggedAs({ tracking }: SourceDeps, { folder, run }: { folder: string; run: SourceRun }) {
  const root = artefactPath(runArtefactUri(run)) ?? '';
  const clause = (key: string, value: string) => ({
    key,
    value,
    entity: 'attribute' as const,
    comparator: '=' as const,
  });
  const { items } = await tracking.searchLoggedModels({
    clauses: [clause('source_run_id', run.runId), clause('name', folder.slice(root.length + 1))],
    order: [],
    offset: 0,
    limit: 1,
    experimentIds: [run.experimentId],
  });
  return items[0];
}
