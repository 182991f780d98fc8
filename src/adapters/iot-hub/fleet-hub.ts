import { MODULE_SLOT } from '../../contracts/device/device-tags.ts';
import type { DeviceEvidence, FleetDevice } from '../../contracts/device/evidence.ts';
import type { FleetHub } from '../../ports/fleet-hub.ts';
import { deleteConfiguration, ensureConfiguration, listConfigurations } from './deployment-calls.ts';
import { provision } from './device-provisioning.ts';
import { setCalibration } from './deliver-calibration.ts';
import { absentAsNull, forEach } from './hub-calls.ts';
import type { HubConfig } from './hub-config.ts';
import { HubConnection } from './registry-client.ts';
import { parseTwin, targetOf, toEvidence, toFleetDevice } from './twin-evidence.ts';

/**
 * The fleet behind an Azure IoT Hub (or one that speaks its wire). `close` frees the connections.
 */
export interface IotHubFleet extends FleetHub {
  /** Calls made so far, by operation class. */
  calls(): Readonly<Record<string, number>>;
  close(): void;
}

/** Connects to the hub; no call is made before the first is asked for. */
export function createFleetHub(config: HubConfig): IotHubFleet {
  const hub = new HubConnection(config);
  return {
    listDevices: (condition) => listDevices(hub, condition),
    setTarget: (deviceIds, target) => setTarget(hub, deviceIds, target),
    readTargets: (deviceIds) => readTargets(hub, deviceIds),
    readEvidence: (deviceIds) => readEvidence(hub, deviceIds),
    setCalibration: (deviceId, document) => setCalibration(hub, deviceId, document),
    ensureConfiguration: (configuration) => ensureConfiguration(hub, configuration),
    deleteConfiguration: (id) => deleteConfiguration(hub, id),
    configurations: () => listConfigurations(hub),
    provision: (devices) => provision(hub, devices),
    calls: () => hub.calls(),
    close: () => hub.close(),
  };
}

async function listDevices(hub: HubConnection, condition: string): Promise<FleetDevice[]> {
  const extra = condition.trim() === '' ? '' : ` AND (${condition})`;
  const devices = await hub.query<unknown>(
    `SELECT * FROM devices WHERE capabilities.iotEdge = true${extra}`,
    'listing devices',
  );
  const agents = await hub.query<unknown>(
    "SELECT deviceId, connectionState, lastActivityTime FROM devices.modules WHERE moduleId = '$edgeAgent'",
    'listing device agents',
  );
  const agentOf = new Map(agents.map(parseTwin).map((agent) => [agent?.deviceId, agent]));
  return devices
    .map(parseTwin)
    .filter((device) => device !== null)
    .map((device) => toFleetDevice(device, agentOf.get(device.deviceId) ?? null));
}

async function setTarget(
  hub: HubConnection,
  deviceIds: readonly string[],
  target: string | null,
): Promise<void> {
  const patch = { tags: { windlass: { [MODULE_SLOT]: target } } };
  await forEach(deviceIds, async (deviceId) => {
    // A device that was removed from the hub since has no target to set, and must not keep the
    // others from theirs.
    await absentAsNull(
      hub.call('twin-update', `setting the target of ${deviceId}`, (registry) =>
        registry.updateTwin(deviceId, patch, '*'),
      ),
    );
  });
}

async function readTargets(
  hub: HubConnection,
  deviceIds: readonly string[],
): Promise<ReadonlyMap<string, string | null>> {
  const targets = await forEach(deviceIds, async (deviceId): Promise<[string, string | null]> => {
    const answer = await absentAsNull(
      hub.call('twin-read', `reading ${deviceId}`, (registry) => registry.getTwin(deviceId)),
    );
    return [deviceId, answer === null ? null : targetOf(parseTwin(answer.responseBody))];
  });
  return new Map(targets);
}

async function readEvidence(hub: HubConnection, deviceIds: readonly string[]): Promise<DeviceEvidence[]> {
  return forEach(deviceIds, async (deviceId) => {
    const agent = await readModuleTwin(hub, deviceId, '$edgeAgent');
    const scorer = await readModuleTwin(hub, deviceId, MODULE_SLOT);
    return toEvidence(deviceId, agent, scorer);
  });
}

async function readModuleTwin(
  hub: HubConnection,
  deviceId: string,
  moduleId: string,
): Promise<ReturnType<typeof parseTwin>> {
  const answer = await absentAsNull(
    hub.call('twin-read', `reading ${deviceId}/${moduleId}`, (registry) =>
      registry.getModuleTwin(deviceId, moduleId),
    ),
  );
  return answer === null ? null : parseTwin(answer.responseBody);
}
