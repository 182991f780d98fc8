import { WindlassError } from '../../errors/windlass-error.ts';
import type { ModelConfiguration } from '../../contracts/device/evidence.ts';
import {
  BASE_DEPLOYMENT,
  baseDeployment,
  modelLabels,
  modelLayer,
  modelTargetCondition,
  readModelConfiguration,
  type HubConfiguration,
} from './deployment-content.ts';
import { absentAsNull } from './hub-calls.ts';
import type { HubConnection } from './registry-client.ts';

/**
 * Creates base and layer where they are absent; throws CONFLICT when the id is taken by other
 * content.
 */
export async function ensureConfiguration(hub: HubConnection, wanted: ModelConfiguration): Promise<void> {
  await ensureBase(hub);
  const existing = await readConfiguration(hub, wanted.id);
  if (existing === null)
    try {
      await addConfiguration(hub, {
        id: wanted.id,
        labels: modelLabels(wanted),
        targetCondition: modelTargetCondition(wanted),
        priority: wanted.priority,
        modulesContent: modelLayer(wanted),
      });
      return;
    } catch (error) {
      if (!(error instanceof WindlassError) || error.code !== 'CONFLICT') throw error;
    }

  const found = existing ?? (await readConfiguration(hub, wanted.id));
  const same = JSON.stringify(found && readModelConfiguration(found)) === JSON.stringify(normalized(wanted));
  if (!same)
    throw new WindlassError('CONFLICT', `The hub has a configuration ${wanted.id} with other content.`, {
      details: { id: wanted.id, wanted, found: found && readModelConfiguration(found) },
      hint: 'Delete that configuration, or register a new model version.',
    });
}

function normalized({ id, image, model, priority }: ModelConfiguration): ModelConfiguration {
  return { id, image, model: { name: model.name, version: model.version, digest: model.digest }, priority };
}

async function ensureBase(hub: HubConnection): Promise<void> {
  const { id, priority } = BASE_DEPLOYMENT;
  if (await readConfiguration(hub, id)) return;
  try {
    await addConfiguration(hub, {
      id,
      labels: { windlass: 'base' },
      targetCondition: '*',
      priority,
      modulesContent: baseDeployment(),
    });
  } catch (error) {
    // another caller was faster
    if (!(error instanceof WindlassError) || error.code !== 'CONFLICT') throw error;
  }
}

async function readConfiguration(hub: HubConnection, id: string): Promise<HubConfiguration | null> {
  const answer = await absentAsNull(
    hub.call('configuration', `reading configuration ${id}`, (registry) => registry.getConfiguration(id)),
  );
  return answer?.responseBody ?? null;
}

async function addConfiguration(
  hub: HubConnection,
  c: {
    id: string;
    labels: Record<string, string>;
    targetCondition: string;
    priority: number;
    modulesContent: Record<string, unknown>;
  },
): Promise<void> {
  const { modulesContent, ...rest } = c;
  await hub.call('configuration', `creating configuration ${c.id}`, (registry) =>
    registry.addConfiguration({ ...rest, schemaVersion: '1.0', content: { modulesContent } }),
  );
}

/** Deletes the configuration; one that is not there is deleted already. */
export async function deleteConfiguration(hub: HubConnection, id: string): Promise<void> {
  await absentAsNull(
    hub.call('configuration', `deleting configuration ${id}`, (registry) => registry.removeConfiguration(id)),
  );
}

/** The configurations of model versions; those of others are left out. */
export async function listConfigurations(hub: HubConnection): Promise<ModelConfiguration[]> {
  const answer = await hub.call('configuration', 'listing configurations', (registry) =>
    registry.getConfigurations(),
  );
  return answer.responseBody.map(readModelConfiguration).filter((c) => c !== null);
}
