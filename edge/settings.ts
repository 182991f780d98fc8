import { hostname } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import type { LogLevel } from './log.ts';
import { EXIT, ModuleFault } from './module-fault.ts';

export interface Settings {
  readonly root: string;
  readonly listen: string;
  /** Database file, or ":memory:" when nothing may be kept. */
  readonly database: string;
  readonly device: string;
  readonly image: string;
  readonly stride: number;
  readonly queueBytes: number;
  readonly logLevel: LogLevel;
  /** Null: no hub is configured. */
  readonly hub: { readonly connectionString: string | undefined; readonly caFile: string | undefined } | null;
}

const schema = z.object({
  WINDLASS_ROOT: z.string().min(1).default('/windlass'),
  WINDLASS_LISTEN: z
    .string()
    .regex(/^(unix:\/.+|.+:\d{1,5})$/, 'expected unix:/path or host:port, e.g. 0.0.0.0:8080')
    .default('0.0.0.0:8080'),
  WINDLASS_STATE: z.string().min(1).optional(),
  WINDLASS_DEVICE: z.string().min(1).optional(),
  WINDLASS_IMAGE: z.string().default(''),
  WINDLASS_STRIDE: z.coerce.number().int().positive().default(1),
  WINDLASS_QUEUE_MB: z.coerce.number().positive().default(64),
  WINDLASS_LOG: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
  WINDLASS_MODULE_CONNECTION_STRING: z.string().optional(),
  WINDLASS_HUB_CA: z.string().optional(),
  IOTEDGE_DEVICEID: z.string().optional(),
  IOTEDGE_WORKLOADURI: z.string().optional(),
});

/**
 * Reads the module's settings from the environment; throws a ModuleFault that names every wrong
 * variable.
 */
export function readSettings(env: NodeJS.ProcessEnv): Settings {
  const parsed = schema.safeParse(env);
  if (!parsed.success) {
    const problems = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
    throw new ModuleFault(EXIT.config, `the environment is not valid. ${problems.join('; ')}`);
  }
  const e = parsed.data;
  const connectionString = e.WINDLASS_MODULE_CONNECTION_STRING;
  const fromString = /DeviceId=([^;]+)/.exec(connectionString ?? '')?.[1];
  const hasHub = connectionString !== undefined || e.IOTEDGE_WORKLOADURI !== undefined;
  return {
    root: e.WINDLASS_ROOT,
    listen: e.WINDLASS_LISTEN,
    database: e.WINDLASS_STATE === undefined ? ':memory:' : join(e.WINDLASS_STATE, 'edge.db'),
    device: e.WINDLASS_DEVICE ?? e.IOTEDGE_DEVICEID ?? fromString ?? hostname(),
    image: e.WINDLASS_IMAGE,
    stride: e.WINDLASS_STRIDE,
    queueBytes: e.WINDLASS_QUEUE_MB * 1024 * 1024,
    logLevel: e.WINDLASS_LOG,
    hub: hasHub ? { connectionString, caFile: e.WINDLASS_HUB_CA } : null,
  };
}
