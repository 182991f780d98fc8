import { Hono } from 'hono';
import type { ApiDeps, ApiEnv } from '../deps.ts';
import { addArtefacts } from './artefacts.ts';
import { addExperiments } from './experiments.ts';
import { addLoggedModels } from './logged-models.ts';
import { addRunLogging } from './run-logging.ts';
import { addRuns } from './runs.ts';
import { addModelVersions } from './model-versions.ts';
import { addRegisteredModels } from './registered-models.ts';
import { clientFiles } from './served-files.ts';
import { allFiles, versionFiles } from './version-files.ts';

/**
 * The MLflow door, below `/api`: the tracking and registry calls of MLflow's own protocol, for its
 * unmodified clients. The registry behind it is Windlass's own.
 */
export function createMlflowDoor(deps: ApiDeps): Hono<ApiEnv> {
  const { artefacts, registry, access } = deps;
  const { tracking, models } = deps.mlflow;
  const files = allFiles(clientFiles(tracking), versionFiles({ registry, models }));
  const door = { app: new Hono<ApiEnv>(), access, registry };
  addExperiments(door, tracking);
  addRuns(door, tracking);
  addRunLogging(door, tracking);
  addLoggedModels(door, tracking);
  addArtefacts(door, { tracking, artefacts, files });
  addRegisteredModels(door, models);
  addModelVersions(door, { models, tracking, artefacts, files });
  const api = new Hono<ApiEnv>();
  // What the client asks before it sends large files.
  api.get('/3.0/mlflow/server-info', (c) =>
    c.json({
      store_type: 'windlass',
      workspaces_enabled: false,
      trace_archival_enabled: false,
      multipart_uploads_enabled: false,
      multipart_downloads_enabled: false,
    }),
  );
  api.route('/2.0', door.app);
  return api;
}
