import { z } from 'zod';
import { MODULE_SLOT, targetCondition } from '../../contracts/device/device-tags.ts';
import type { ModelConfiguration } from '../../contracts/device/evidence.ts';

/**
 * Id and priority of the deployment under all others: it brings agent and hub, and no module of
 * ours.
 */
export const BASE_DEPLOYMENT = { id: 'windlass-base', priority: 0 } as const;

const RUNTIME_VERSION = '1.5';

/**
 * Where the scorer keeps its queue and calibration: a folder of the image that its account may
 * write.
 */
const STATE_FOLDER = '/var/lib/windlass';

/**
 * How the scorer's container is created: read-only, without rights, with a volume for its queue.
 */
const CREATE_OPTIONS = {
  HostConfig: {
    ReadonlyRootfs: true,
    CapDrop: ['ALL'],
    SecurityOpt: ['no-new-privileges'],
    Memory: 512 * 1024 * 1024,
    Tmpfs: { '/tmp': '' },
    Mounts: [{ Type: 'volume', Source: 'windlass-scorer', Target: STATE_FOLDER }],
    LogConfig: { Type: 'json-file', Config: { 'max-size': '1m', 'max-file': '2' } },
  },
} as const;

/** The base deployment of every IoT Edge device that has no better one: agent and hub only. */
export function baseDeployment(): Record<string, unknown> {
  return {
    $edgeAgent: {
      'properties.desired': {
        schemaVersion: '1.1',
        runtime: { type: 'docker', settings: { minDockerVersion: 'v1.25', registryCredentials: {} } },
        systemModules: {
          edgeAgent: systemModule('azureiotedge-agent'),
          edgeHub: { ...systemModule('azureiotedge-hub'), status: 'running', restartPolicy: 'always' },
        },
        modules: {},
      },
    },
    $edgeHub: {
      'properties.desired': {
        schemaVersion: '1.1',
        routes: {},
        // telemetry waits on the device for this long when there is no network
        storeAndForwardConfiguration: { timeToLiveSecs: 60 * 24 * 3600 },
      },
    },
  };
}

/** The layer of one model version: the scorer module and its route, and nothing else. */
export function modelLayer(configuration: ModelConfiguration): Record<string, unknown> {
  return {
    $edgeAgent: {
      [`properties.desired.modules.${MODULE_SLOT}`]: {
        type: 'docker',
        status: 'running',
        restartPolicy: 'always',
        version: '1.0',
        env: { WINDLASS_STATE: { value: STATE_FOLDER }, WINDLASS_IMAGE: { value: configuration.image } },
        settings: { image: configuration.image, createOptions: JSON.stringify(CREATE_OPTIONS) },
      },
    },
    $edgeHub: {
      [`properties.desired.routes.${MODULE_SLOT}`]: `FROM /messages/modules/${MODULE_SLOT}/* INTO $upstream`,
    },
  };
}

/** Labels by which a configuration is known as ours; the hub allows short strings only. */
export function modelLabels({ model }: ModelConfiguration): Record<string, string> {
  return { windlass: 'model', model: model.name, version: model.version, digest: model.digest };
}

export function modelTargetCondition({ model }: ModelConfiguration): string {
  return targetCondition(model.name, model.version);
}

const layerSchema = z.looseObject({
  modulesContent: z.looseObject({
    $edgeAgent: z.looseObject({
      [`properties.desired.modules.${MODULE_SLOT}`]: z.looseObject({
        settings: z.looseObject({ image: z.string() }),
      }),
    }),
  }),
});

/** A configuration as the hub gives it. */
export interface HubConfiguration {
  readonly id: string;
  readonly priority?: number;
  readonly labels?: Readonly<Record<string, string>>;
  readonly content?: unknown;
}

/** Reads a configuration back; null when it is not one of ours. */
export function readModelConfiguration(configuration: HubConfiguration): ModelConfiguration | null {
  const { windlass, model, version, digest } = configuration.labels ?? {};
  const content = layerSchema.safeParse(configuration.content);
  if (windlass !== 'model' || !model || !version || !digest || !content.success) return null;
  const module = content.data.modulesContent.$edgeAgent[`properties.desired.modules.${MODULE_SLOT}`];
  return {
    id: configuration.id,
    image: module?.settings.image ?? '',
    model: { name: model, version, digest },
    priority: configuration.priority ?? 0,
  };
}

function systemModule(name: string): Record<string, unknown> {
  return {
    type: 'docker',
    settings: { image: `mcr.microsoft.com/${name}:${RUNTIME_VERSION}`, createOptions: '{}' },
  };
}
