import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { DefaultLogger, Worker } from '@temporalio/worker';
import { Kysely, PostgresDialect } from 'kysely';
import pg from 'pg';
import { createControlActivities } from '../../activities/registry/registry-activities.ts';
import { errorInterceptor } from '../../activities/shared/error-interceptor.ts';
import { createFleetActivities } from '../../activities/rollout/rollout-activities.ts';
import type { PackagingActivities } from '../../activities/packaging/packaging-activities.ts';
import { createFleetHub, type IotHubFleet } from '../../src/adapters/iot-hub/fleet-hub.ts';
import { createRegistry } from '../../src/adapters/postgres/registry/registry.ts';
import { createRolloutStore } from '../../src/adapters/postgres/rollout/rollout-store.ts';
import type { Database } from '../../src/adapters/postgres/schema.ts';
import type { DeviceTags } from '../../src/contracts/device/device-tags.ts';
import { TASK_QUEUES } from '../../src/contracts/names.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type { ModelVersion } from '../../src/contracts/model/model-version.ts';
import type { Registry } from '../../src/ports/registry/registry.ts';
import type { RolloutStore } from '../../src/ports/rollout-store.ts';
import { loadWorkflowBundle } from '../../workers/workflow-bundle.ts';
import { startTestHub, type TestHub } from './iot-hub.ts';
import { createTestDatabase } from './postgres.ts';
import { nextComparison, packagedImage, pipelineVersion, registration } from './registry-fixtures.ts';
import { ScriptedDevice, type Behaviour, type ScriptedModel } from './scripted-fleet.ts';
import './quiet-temporal.ts';

const BY = { actor: 'tester', reason: 'test' };

export interface RolloutBench {
  readonly hub: TestHub;
  readonly fleet: IotHubFleet;
  readonly registry: Registry;
  readonly store: RolloutStore;
  readonly db: Kysely<Database>;
  readonly databaseUrl: string;
  readonly devices: ReadonlyMap<string, ScriptedDevice>;
  /** How devices take images from now on; default: well. */
  behave(how: (deviceId: string, version: string) => Behaviour): void;
  /** Registers the next version with an image. */
  version(words: string): Promise<ModelVersion>;
  /** SQL statements so far. */
  statements(): number;
  /**
   * Runs the control and fleet workers (and one for packaging, when its activities are given) while
   * `work` runs.
   */
  withWorkers<T>(
    env: TestWorkflowEnvironment,
    work: () => Promise<T>,
    packaging?: PackagingActivities,
  ): Promise<T>;
  close(): Promise<void>;
}

/**
 * A hub, a database with a registry, and devices that are connected; `tags` may depend on the
 * device's number.
 */
export async function openRolloutBench(options: {
  devices: number;
  tags?: (i: number) => Partial<DeviceTags>;
  offline?: (deviceId: string) => boolean;
  clock?: Clock;
}): Promise<RolloutBench> {
  const clock = options.clock ?? { now: () => new Date() };
  const hub = await startTestHub();
  const { connectionString, httpsPort, mqttPort, caFile } = hub.hub;
  const fleet = createFleetHub({ connectionString, port: httpsPort, mqttPort, caFile });
  const database = await createTestDatabase();
  let statements = 0;
  const db = new Kysely<Database>({
    dialect: new PostgresDialect({ pool: new pg.Pool({ connectionString: database.url, max: 5 }) }),
    log: () => {
      statements += 1;
    },
  });
  const registry = createRegistry(db, clock);
  const store = createRolloutStore(db, clock);
  await registry.publishPipeline(pipelineVersion(), BY);

  let behaviour: (deviceId: string, version: string) => Behaviour = () => 'well';
  const known = new Map<string, Promise<ScriptedModel>>();
  const modelOf = (reference: string): Promise<ScriptedModel> => {
    const found = known.get(reference) ?? findModel(reference);
    known.set(reference, found);
    return found;
  };
  const findModel = async (reference: string): Promise<ScriptedModel> => {
    for (const { name, version, digest } of await registry.models())
      if ((await registry.image(name, version))?.reference === reference) return { name, version, digest };
    throw new Error(`no version has the image ${reference}`);
  };
  const ids = Array.from({ length: options.devices }, (_, i) => `pump-${String(i).padStart(3, '0')}`);
  await fleet.provision(ids.map((deviceId, i) => ({ deviceId, tags: options.tags?.(i) ?? {} })));
  const devices = new Map(
    ids.map((id) => {
      const device = new ScriptedDevice(id, {
        hub,
        modelOf,
        behaviour: async (deviceId, image) => behaviour(deviceId, (await modelOf(image)).version),
      });
      return [id, device] as const;
    }),
  );
  await Promise.all(
    [...devices.values()].filter((d) => options.offline?.(d.deviceId) !== true).map((d) => d.connect()),
  );

  return {
    hub,
    fleet,
    registry,
    store,
    db,
    devices,
    databaseUrl: database.url,
    behave: (how) => {
      behaviour = how;
    },
    version: async (words) => {
      const comparison = await nextComparison(registry, 'pump-health');
      const model = await registry.registerModel({ ...registration(words), comparison }, BY);
      const image = packagedImage(`image ${words}`);
      await registry.recordImage({ name: model.name, version: model.version }, image);
      return model;
    },
    statements: () => statements,
    withWorkers: async (env, work, packaging) => {
      const common = {
        connection: env.nativeConnection,
        interceptors: { activity: [errorInterceptor] },
        shutdownForceTime: '5 seconds' as const,
      };
      const control = await Worker.create({
        ...common,
        taskQueue: TASK_QUEUES.control,
        workflowBundle: await loadWorkflowBundle(new DefaultLogger('ERROR')),
        activities: createControlActivities({ registry }),
      });
      const worker = await Worker.create({
        ...common,
        taskQueue: TASK_QUEUES.fleet,
        activities: createFleetActivities({ hub: fleet, store, registry, clock, temporal: env.client }),
      });
      const both = () => control.runUntil(() => worker.runUntil(work));
      if (packaging === undefined) return both();
      const packager = await Worker.create({
        ...common,
        taskQueue: TASK_QUEUES.packaging,
        activities: packaging,
      });
      return packager.runUntil(both);
    },
    close: async () => {
      await Promise.all([...devices.values()].map((device) => device.disconnect()));
      fleet.close();
      await hub.stop();
      await db.destroy();
      await database.drop();
    },
  };
}
