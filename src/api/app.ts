import { OpenAPIHono } from '@hono/zod-openapi';
import { bodyLimit } from 'hono/body-limit';
import { inputProblems } from '../errors/input-problems.ts';
import { invalidInput } from '../errors/parse-input.ts';
import { WindlassError } from '../errors/windlass-error.ts';
import type { ApiDeps, ApiEnv } from './deps.ts';
import { answerError, answerNotFound } from './errors.ts';
import { createMetrics } from './metrics.ts';
import { requestContext, requireLoopbackHost } from './middleware.ts';
import { isUpload } from './mlflow/artefacts.ts';
import { createMlflowDoor } from './mlflow/door.ts';
import { answerMlflowError, answerNotServed, isMlflowPath } from './mlflow/errors.ts';
import { authenticate } from './principal.ts';
import { addAccessRoutes } from './routes/access.ts';
import { addHookRoutes, HOOK_PATHS } from './routes/hooks.ts';
import { addModelChangeRoutes } from './routes/model-changes.ts';
import { addModelRoutes } from './routes/models.ts';
import { addPipelineRoutes } from './routes/pipelines.ts';
import { addRecordRoutes } from './routes/records.ts';
import { addRolloutRoutes } from './routes/rollouts.ts';
import { addRunRoutes } from './routes/runs.ts';
import { addStartPage } from './routes/start-page.ts';
import { addSystemRoutes } from './routes/system.ts';
import { addWorkflowRoutes } from './routes/workflows.ts';

const MAX_BODY = 1024 * 1024;
/** The webhook body of a push of hundreds of commits is long. */
const MAX_HOOK_BODY = 8 * 1024 * 1024;

const limitBody = (maxSize: number) =>
  bodyLimit({
    maxSize,
    onError: () => {
      throw new WindlassError('INPUT_INVALID', `The body is larger than ${maxSize} bytes.`);
    },
  });

/**
 * The HTTP API as a function from request to response; it holds no state of its own but its
 * metrics.
 */
export function createApi(deps: ApiDeps): OpenAPIHono<ApiEnv> {
  const api = new OpenAPIHono<ApiEnv>({
    defaultHook: (result) => {
      if (result.success) return;
      throw invalidInput(inputProblems(result.error), { what: 'The request' });
    },
  });
  const metrics = createMetrics();
  api.use(requestContext(deps, metrics));
  api.use(requireLoopbackHost(deps.token, HOOK_PATHS));
  api.use(authenticate(deps, HOOK_PATHS));
  const [limit, hookLimit] = [limitBody(MAX_BODY), limitBody(MAX_HOOK_BODY)];
  api.use((c, next) => {
    if (isUpload(c.req.method, c.req.path)) return next();
    return (HOOK_PATHS.has(c.req.path) ? hookLimit : limit)(c, next);
  });
  api.onError((error, c) => (isMlflowPath(c.req.path) ? answerMlflowError(error, c) : answerError(error, c)));
  api.notFound((c) => (isMlflowPath(c.req.path) ? answerNotServed(c) : answerNotFound(c)));
  addStartPage(api, deps);
  addSystemRoutes(api, deps, metrics);
  addWorkflowRoutes(api, deps);
  addHookRoutes(api, deps);
  addRunRoutes(api, deps);
  addPipelineRoutes(api, deps);
  addModelRoutes(api, deps);
  addModelChangeRoutes(api, deps);
  addAccessRoutes(api, deps);
  addRolloutRoutes(api, deps);
  addRecordRoutes(api, deps);
  api.route('/api', createMlflowDoor(deps));
  api.doc31('/openapi.json', {
    openapi: '3.1.0',
    info: {
      title: 'Windlass',
      version: '1',
      description: 'Models for the IoT edge: build, deploy, monitor, and where each came from.',
    },
  });
  return api;
}
