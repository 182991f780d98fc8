import type { Client } from '@temporalio/client';
import type { Logger } from 'pino';
import type { HooksConfig } from '../config/schema.ts';
import type { Trigger } from '../contracts/build/push.ts';
import type { Access } from '../ports/access.ts';
import type { ArtefactStore } from '../ports/artefact-store.ts';
import type { Clock } from '../ports/clock.ts';
import type { HookDeliveries } from '../ports/hook-deliveries.ts';
import type { MlflowStores } from '../ports/mlflow-stores.ts';
import type { MonitorStore } from '../ports/monitor-store.ts';
import type { PipelineStarter } from '../ports/pipeline-starter.ts';
import type { Registry } from '../ports/registry/registry.ts';
import type { RolloutStore } from '../ports/rollout-store.ts';

/** What webhooks of git servers are judged by. */
export interface HookDeps {
  readonly settings: HooksConfig;
  readonly triggers: readonly Trigger[];
  readonly deliveries: HookDeliveries;
  readonly clock: Clock;
}

/** What the HTTP API answers from. */
export interface ApiDeps {
  readonly registry: Registry;
  readonly access: Access;
  readonly artefacts: ArtefactStore;
  readonly rollouts: Pick<RolloutStore, 'rollout' | 'rollouts' | 'devices'>;
  readonly reports: Pick<MonitorStore, 'reports'>;
  readonly mlflow: MlflowStores;
  readonly temporal: Client;
  readonly starter: PipelineStarter;
  readonly hooks: HookDeps;
  /** What the API cannot do without, by name; each rejects when its part does not answer. */
  readonly probes: Readonly<Record<string, () => Promise<unknown>>>;
  readonly logger: Logger;
  /**
   * Bearer token of the admin; with it set, calls but health checks and the start page need a
   * token.
   */
  readonly token?: string | undefined;
  /** Address of Temporal's web UI, for links. */
  readonly temporalUi?: string | undefined;
}

/**
 * The sender of a request: the owner of a token, or a trusted caller who may name anyone (the API's
 * own token, or no token at all).
 */
export interface Principal {
  readonly actor: string | null;
}

/** What a request carries along. */
export interface ApiEnv {
  Variables: { requestId: string; logger: Logger; principal: Principal };
}
