import { z } from 'zod';
import { TASK_QUEUES } from '../contracts/names.ts';
import { triggerSchema } from '../contracts/build/push.ts';
import { list, numeric, objects, port, secret, text, whole } from './setting-types.ts';

const TASK_QUEUE_NAMES = Object.values(TASK_QUEUES);

/**
 * The one schema of every setting. `meta` carries what the loader and the documentation need: `env`
 * (a name other than the derived WINDLASS_…), `secret` (masked when shown; also read from the file
 * that NAME_FILE points to), `path` (resolved to an absolute path).
 */
export const configSchema = z.strictObject({
  stateDir: text('expected a folder')
    .default('.windlass')
    .meta({ description: 'Folder of databases, logs and artefacts of the embedded parts', path: true }),
  actor: text('expected a name')
    .optional()
    .meta({ description: 'Who you are, for roles, approvals and audit; without it the name of the user' }),
  temporal: z
    .strictObject({
      address: text('expected host:port')
        .regex(/^[^\s:/]+:\d+$/, 'expected host:port, e.g. "127.0.0.1:7233"')
        .optional()
        .meta({
          description: 'An existing Temporal server; without it one is started',
          env: 'TEMPORAL_ADDRESS',
        }),
      namespace: text('expected a name')
        .default('default')
        .meta({ description: 'Temporal namespace', env: 'TEMPORAL_NAMESPACE' }),
      port: port(7233, 'Port of the Temporal server that is started'),
      uiPort: port(8233, 'Port of its web UI'),
      uiUrl: text('expected a URL')
        .regex(/^https?:\/\/[^\s/]+/, 'expected http://host:port or https://host')
        .optional()
        .meta({ description: 'Web UI of an existing Temporal server, for links' }),
    })
    .prefault({}),
  database: z
    .strictObject({
      url: text('expected a URL')
        .regex(/^postgres(ql)?:\/\//, 'expected postgres://user:password@host:port/name')
        .optional()
        .meta({
          description: 'An existing PostgreSQL; without it one is started',
          env: 'DATABASE_URL',
          secret: true,
        }),
      port: port(54_329, 'Port of the PostgreSQL server that is started'),
    })
    .prefault({}),
  artefacts: z
    .strictObject({
      dir: text('expected a folder')
        .optional()
        .meta({ description: 'Folder of the artefact store; stateDir/artefacts when not set', path: true }),
      url: text('expected az://ACCOUNT/CONTAINER/PREFIX')
        .regex(
          /^(az|https):\/\/[^/]+\/[^/]+/,
          'expected az://ACCOUNT/CONTAINER or az://ACCOUNT/CONTAINER/PREFIX',
        )
        .optional()
        .meta({ description: 'Azure Blob container that holds the artefacts instead of the folder' }),
    })
    .prefault({}),
  azure: z
    .strictObject({
      connectionString: text('expected a connection string')
        .regex(/(AccountName|BlobEndpoint)=/, 'expected "AccountName=…;AccountKey=…;EndpointSuffix=…"')
        .optional()
        .meta({
          description: 'Connection string of the storage account of training data and artefacts',
          env: 'AZURE_STORAGE_CONNECTION_STRING',
          secret: true,
        }),
      sasToken: text('expected a SAS token')
        .regex(/(^|[?&])sig=/, 'expected a token such as "sv=…&sig=…"')
        .optional()
        .meta({
          description: 'SAS token for it instead; with neither, the identity that the Azure SDK finds',
          env: 'AZURE_STORAGE_SAS_TOKEN',
          secret: true,
        }),
    })
    .prefault({}),
  hub: z
    .strictObject({
      connectionString: text('expected a connection string')
        .regex(
          /^(?=.*HostName=[^;]+)(?=.*SharedAccessKeyName=[^;]+)(?=.*SharedAccessKey=[^;]+)/,
          'expected "HostName=…;SharedAccessKeyName=…;SharedAccessKey=…"',
        )
        .optional()
        .meta({
          description: 'Service connection string of an IoT Hub; without it the stand-in is started',
          secret: true,
        }),
      port: whole(1, 65_535).optional().meta({ description: 'HTTPS port of the hub when it is not 443' }),
      caFile: text('expected a file')
        .optional()
        .meta({ description: 'PEM file of the certificate authority that signed the hub', path: true }),
      telemetryDir: text('expected a folder')
        .optional()
        .meta({ description: 'Folder into which the hub routes telemetry', path: true }),
      httpsPort: port(9443, 'HTTPS port of the hub stand-in that is started'),
      mqttPort: port(8883, 'MQTT port of the hub stand-in that is started'),
      requestTimeoutMs: whole(100, 600_000)
        .default(15_000)
        .meta({ description: 'Deadline of one call to the hub, in milliseconds' }),
    })
    .prefault({}),
  fleet: z
    .strictObject({
      devices: whole(1, 5_000).default(20).meta({ description: 'Virtual pumps' }),
      seed: whole(0, 2_147_483_647)
        .default(7)
        .meta({ description: 'Seed of the virtual fleet and of the demo' }),
      speed: numeric(
        z
          .number({ error: 'expected a number from 0.1 to 3600' })
          .min(0.1, 'expected a number from 0.1 to 3600')
          .max(3_600, 'expected a number from 0.1 to 3600'),
      )
        .default(60)
        .meta({ description: 'Simulated seconds per real second' }),
    })
    .prefault({}),
  api: z
    .strictObject({
      host: text('expected a host name or address')
        .default('127.0.0.1')
        .meta({ description: 'Address that the HTTP API listens on' }),
      port: port(8787, 'Port of the HTTP API'),
      token: text('expected a token').min(16, 'expected at least 16 characters').optional().meta({
        description: 'Bearer token of the HTTP API; required when it listens on more than this machine',
        secret: true,
      }),
    })
    .prefault({}),
  hooks: z
    .strictObject({
      githubSecret: secret("Secret of GitHub's webhooks; without it they are refused"),
      gitlabToken: secret("Secret token of GitLab's webhooks; without it they are refused"),
      gitlabSigningToken: secret("Signing token of GitLab's webhooks; when set, each must be signed with it"),
      azureDevopsSecret: secret('Password, or header X-Windlass-Token, of service hooks of Azure DevOps'),
      debounceSeconds: whole(0, 3600)
        .default(10)
        .meta({ description: 'Quiet time after the last push before its build starts, in seconds' }),
    })
    .prefault({}),
  triggers: objects(z.array(triggerSchema, { error: 'expected a list of {repository, branch, project}' }))
    .default([])
    .meta({
      description: 'Which pushes start a build: a list of {repository, branch, project, data, deploy}',
    }),
  packaging: z
    .strictObject({
      engine: z
        .enum(['auto', 'docker', 'process'], { error: 'expected auto, docker or process' })
        .default('auto')
        .meta({ description: 'auto: containers where a Docker Engine answers, otherwise a process' }),
      baseImage: text('expected an image reference')
        .optional()
        .meta({ description: 'Base image with Node 24; without it one is assembled from this machine' }),
      registry: text('expected host[:port][/path]')
        .optional()
        .meta({ description: 'Registry that images are pushed to' }),
    })
    .prefault({}),
  training: z
    .strictObject({
      python: text('expected a program')
        .optional()
        .meta({ description: 'Python 3.11 or newer for training; without it the usual names are tried' }),
      environmentsDir: text('expected a folder')
        .optional()
        .meta({ description: 'Folder of environments; stateDir/envs when not set', path: true }),
      environmentDays: whole(1, 3650)
        .default(30)
        .meta({ description: 'Days after which an environment that nobody used is taken away' }),
    })
    .prefault({}),
  worker: z
    .strictObject({
      queues: list(
        z
          .array(z.enum(TASK_QUEUE_NAMES, { error: `expected some of ${TASK_QUEUE_NAMES.join(', ')}` }), {
            error: `expected a list of ${TASK_QUEUE_NAMES.join(', ')}`,
          })
          .min(1, 'expected at least one task queue'),
      )
        .default(TASK_QUEUE_NAMES.filter((queue) => queue !== TASK_QUEUES.profiling))
        .meta({
          description:
            'Task queues that this worker process serves; profiling measures models on this machine for its platform',
        }),
      metricsHost: text('expected a host name or address')
        .default('127.0.0.1')
        .meta({ description: 'Address that the Prometheus endpoint of the worker listens on' }),
      metricsPort: whole(1, 65_535)
        .optional()
        .meta({ description: 'Port of the Prometheus endpoint of the worker; without it there is none' }),
    })
    .prefault({}),
  log: z
    .strictObject({
      level: z
        .enum(['trace', 'debug', 'info', 'warn', 'error', 'silent'], {
          error: 'expected trace, debug, info, warn, error or silent',
        })
        .default('info')
        .meta({ description: 'Least severe level that is logged' }),
    })
    .prefault({}),
});

type Parsed = z.infer<typeof configSchema>;

/** Every setting, validated; paths are absolute. */
export type WindlassConfig = Readonly<Omit<Parsed, 'artefacts' | 'training'>> & {
  readonly artefacts: Parsed['artefacts'] & { readonly dir: string };
  readonly training: Parsed['training'] & { readonly environmentsDir: string };
};

export type HooksConfig = WindlassConfig['hooks'];

export interface SettingInfo {
  /** Dotted name, e.g. `temporal.port`. */
  readonly key: string;
  readonly env: string;
  readonly description: string;
  readonly secret: boolean;
  readonly path: boolean;
}

function inner(schema: z.core.$ZodType): z.core.$ZodType {
  return schema instanceof z.ZodPrefault ? schema.def.innerType : schema;
}

function collect(schema: z.ZodObject, prefix: string): SettingInfo[] {
  return Object.entries(schema.shape).flatMap(([name, child]) => {
    const key = prefix === '' ? name : `${prefix}.${name}`;
    const core = inner(child);
    if (core instanceof z.ZodObject) return collect(core, key);
    const meta = child instanceof z.ZodType ? (child.meta() ?? {}) : {};
    const derived = `WINDLASS_${key
      .replace(/([a-z])([A-Z])/g, '$1_$2')
      .replaceAll('.', '_')
      .toUpperCase()}`;
    return {
      key,
      env: typeof meta.env === 'string' ? meta.env : derived,
      description: meta.description ?? '',
      secret: meta.secret === true,
      path: meta.path === true,
    };
  });
}

/**
 * Every setting with its environment name and description, in schema order; the documentation is
 * made from it.
 */
export const SETTINGS: readonly SettingInfo[] = collect(configSchema, '');
