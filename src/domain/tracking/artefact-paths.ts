import type { LoggedModel, RunInfo } from '../../contracts/mlflow/tracking.ts';

/**
 * Scheme of artefacts that clients reach through the door; a path below the artefact root follows.
 */
export const ARTEFACT_SCHEME = 'mlflow-artifacts:/';

/** Where a run's artefacts are, as clients are told. */
export function runArtefactUri({ experimentId, runId }: Pick<RunInfo, 'experimentId' | 'runId'>): string {
  return `${ARTEFACT_SCHEME}${experimentId}/${runId}/artifacts`;
}

/** Where the files of a logged model are. */
export function loggedModelUri({
  experimentId,
  modelId,
}: Pick<LoggedModel, 'experimentId' | 'modelId'>): string {
  return `${ARTEFACT_SCHEME}${experimentId}/models/${modelId}/artifacts`;
}

/**
 * Folder (first segment of the path) of the files of registered versions; experiments have numbers,
 * so none is in the way.
 */
export const VERSIONS_FOLDER = 'registered-models';

/** Where the files of a registered version are; they are read-only. */
export function versionArtefactUri({ name, version }: { name: string; version: string }): string {
  return `${ARTEFACT_SCHEME}${VERSIONS_FOLDER}/${name}/${version}`;
}

/** The path below the artefact root of a URI of this scheme; undefined for any other. */
export function artefactPath(uri: string): string | undefined {
  const match = /^mlflow-artifacts:\/+(.*)$/.exec(uri);
  return match?.[1] === undefined ? undefined : safePath(match[1]);
}

/**
 * A path of one or more plain segments below the artefact root, without leading or trailing slash;
 * undefined when it would leave the root or has a segment that a file system reads otherwise than
 * as a name.
 */
export function safePath(path: string): string | undefined {
  const segments = path.replace(/\/+$/, '').split('/');
  const plain = segments.every(
    (segment) =>
      segment !== '' && segment !== '.' && segment !== '..' && !/[\u0000-\u001f\u007f\\]/.test(segment),
  );
  return plain && path.length <= 2_000 ? segments.join('/') : undefined;
}
