import { once } from 'node:events';
import { serve } from '@hono/node-server';
import { sql } from 'kysely';
import type { Logger } from 'pino';
import { createAccess } from '../adapters/postgres/access/access.ts';
import { createHookDeliveries } from '../adapters/postgres/hooks/hook-deliveries.ts';
import { createMlflowStores } from '../adapters/postgres/mlflow/mlflow-stores.ts';
import { createMonitorStore } from '../adapters/postgres/monitoring/monitor-store.ts';
import { createRolloutStore } from '../adapters/postgres/rollout/rollout-store.ts';
import { createPipelineStarter } from '../adapters/temporal/pipeline-starter.ts';
import type { WindlassConfig } from '../config/schema.ts';
import { WindlassError } from '../errors/windlass-error.ts';
import { childMain } from '../local-system/child-main.ts';
import type { RunningChild } from '../local-system/child-main.ts';
import { openPlatform } from '../composition/open-platform.ts';
import { portInUse } from '../local-system/ports.ts';
import { createApi } from './app.ts';
import { isLoopback } from './middleware.ts';
import { errorCode } from '../base/error-code.ts';

/** Listens until it is stopped; requests that are under way are finished first. */
async function start(config: WindlassConfig, logger: Logger): Promise<RunningChild> {
  const { host, port, token } = config.api;
  if (token === undefined && !isLoopback(host))
    throw new WindlassError('CONFIG_INVALID', `The API will not listen on ${host} without a token.`, {
      hint: 'Set WINDLASS_API_TOKEN (or WINDLASS_API_TOKEN_FILE), or let it listen on 127.0.0.1.',
    });
  const platform = await openPlatform(config, logger);
  const { db, registry, artefacts, temporal, clock } = platform;
  const api = createApi({
    registry,
    artefacts,
    temporal,
    starter: createPipelineStarter(temporal),
    logger,
    token,
    temporalUi: config.temporal.uiUrl,
    access: createAccess(db, clock),
    rollouts: createRolloutStore(db, clock),
    reports: createMonitorStore(db),
    hooks: {
      settings: config.hooks,
      triggers: config.triggers,
      deliveries: createHookDeliveries(db, clock),
      clock,
    },
    mlflow: createMlflowStores(db, clock, artefacts),
    probes: {
      database: () => sql`select 1`.execute(db),
      temporal: () => temporal.workflowService.getSystemInfo({}),
    },
  });
  const server = serve({ fetch: api.fetch, hostname: host, port });
  try {
    await once(server, 'listening');
  } catch (error) {
    await platform.close();
    throw errorCode(error) === 'EADDRINUSE' ? portInUse(port, 'api.port') : error;
  }
  const address = server.address();
  const actual = typeof address === 'object' && address !== null ? address.port : port;
  return {
    ready: { address: `http://${host.includes(':') ? `[${host}]` : host}:${actual}` },
    stop: async () => {
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        if ('closeIdleConnections' in server) server.closeIdleConnections();
      });
      await platform.close();
    },
  };
}

await childMain({ name: 'api', flags: { port: 'api.port', host: 'api.host' }, start });
