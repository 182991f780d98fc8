import { MODULE_SLOT } from '../../src/contracts/device/device-tags.ts';
import type { DesiredConfig, DesiredStatus } from './desired-config.ts';
import type { Installed } from './fleet-state.ts';
import { isObject, type JsonObject } from './json.ts';

const AGENT_VERSION = { version: '1.5.0', build: '0', commit: '0'.repeat(40) };

/** What the container engine knows of the module now. */
export interface ModuleRuntime {
  readonly status: 'running' | 'stopped' | 'backoff' | 'failed';
  readonly exitCode: number;
  readonly description: string;
  readonly lastStartTimeUtc: string | null;
  readonly lastExitTimeUtc: string | null;
  readonly lastRestartTimeUtc: string | null;
}

export interface AgentState {
  readonly platform: string;
  readonly startedAt: string;
  readonly desiredVersion: number;
  readonly status: DesiredStatus;
  readonly config: DesiredConfig | null;
  readonly installed: Installed | null;
  readonly runtime: ModuleRuntime;
}

function systemModule(desired: unknown, startedAt: string): JsonObject {
  return {
    type: 'docker',
    ...(isObject(desired) ? desired : {}),
    exitCode: 0,
    statusDescription: 'running',
    lastStartTimeUtc: startedAt,
    restartCount: 0,
    runtimeStatus: 'running',
  };
}

function moduleReport(
  { config, restartCount, image, imageHash }: Installed,
  runtime: ModuleRuntime,
): JsonObject {
  const settings = isObject(config['settings']) ? config['settings'] : {};
  return {
    version: '1.0',
    type: 'docker',
    status: 'running',
    restartPolicy: 'always',
    imagePullPolicy: 'on-create',
    env: {},
    ...config,
    settings: { ...settings, image, imageHash },
    exitCode: runtime.exitCode,
    statusDescription: runtime.description,
    lastStartTimeUtc: runtime.lastStartTimeUtc,
    lastExitTimeUtc: runtime.lastExitTimeUtc,
    restartCount,
    lastRestartTimeUtc: runtime.lastRestartTimeUtc,
    runtimeStatus: runtime.status,
  };
}

/**
 * `$edgeAgent`'s reported properties in the shape of schema 1.1; values that are null are left out.
 */
export function agentReport(state: AgentState): JsonObject {
  const [os = 'linux', architecture = 'amd64'] = state.platform.split('/');
  const systemModules = state.config?.ok ? state.config.systemModules : {};
  const report = {
    schemaVersion: '1.1',
    version: AGENT_VERSION,
    lastDesiredVersion: state.desiredVersion,
    lastDesiredStatus: state.status,
    runtime: {
      ...(state.config?.ok ? state.config.runtime : { type: 'docker' }),
      platform: { os, architecture, version: AGENT_VERSION.version },
    },
    systemModules: {
      edgeAgent: systemModule(systemModules['edgeAgent'], state.startedAt),
      edgeHub: systemModule(systemModules['edgeHub'], state.startedAt),
    },
    modules: state.installed ? { [MODULE_SLOT]: moduleReport(state.installed, state.runtime) } : {},
  };
  return withoutNulls(report);
}

function withoutNulls(value: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, v]) => v !== null && v !== undefined)
      .map(([k, v]) => [k, isObject(v) ? withoutNulls(v) : v]),
  );
}
