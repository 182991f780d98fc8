import type { Command } from 'commander';
import { createFleetHub } from '../../../adapters/iot-hub/fleet-hub.ts';
import { findModel } from '../../../application/find-model.ts';
import { MODULE_SLOT } from '../../../contracts/device/device-tags.ts';
import { HUB_TIER_NAMES, type HubTier } from '../../../contracts/device/hub-tier.ts';
import { formatReference } from '../../../domain/registry/reference.ts';
import { planRollout } from '../../../domain/rollout/rollout-plan.ts';
import { WindlassError } from '../../../errors/windlass-error.ts';
import type { FleetDevice } from '../../../contracts/device/evidence.ts';
import type { System } from '../../../local-system/system-types.ts';
import type { Cli } from '../../cli.ts';
import { openStore } from './open-store.ts';
import { addPolicyOptions, policyFrom, type PolicyOptions } from './policy-options.ts';
import { showPlan, type ShownPlan } from './show-rollout.ts';

/** Automatic deployments that one IoT Hub allows. */
const CONFIGURATIONS_ALLOWED = 100;

interface PlanOptions extends PolicyOptions {
  readonly devices: string;
  readonly tier?: string;
}

function tierOf(text: string | undefined, { config }: System): HubTier {
  if (text === undefined) return config.hub.port === undefined || config.hub.port === 443 ? 'S1' : 'none';
  const found = HUB_TIER_NAMES.find((name) => name === text);
  if (found !== undefined) return found;
  throw new WindlassError('INPUT_INVALID', `--tier ${text}: expected one of ${HUB_TIER_NAMES.join(', ')}.`);
}

async function readHub(
  { config }: System,
  condition: string,
): Promise<{ listed: FleetDevice[]; configurations: number }> {
  const { connectionString, ...rest } = config.hub;
  if (connectionString === undefined)
    throw new WindlassError('CONFIG_INVALID', 'hub.connectionString is not set, so no device can be listed.');
  const hub = createFleetHub({ connectionString, ...rest });
  try {
    return {
      listed: await hub.listDevices(condition),
      configurations: (await hub.configurations()).length,
    };
  } finally {
    hub.close();
  }
}

function targetsOf(listed: readonly FleetDevice[]): Record<string, number> {
  const targets = listed.map(({ tags }) => tags.windlass[MODULE_SLOT] ?? 'without a model');
  return Object.fromEntries([...Map.groupBy(targets, (t) => t)].map(([t, all]) => [t, all.length]));
}

async function plan(system: System, reference: string, options: PlanOptions): Promise<ShownPlan> {
  const { store, registry, close } = await openStore(system);
  try {
    const { name, version } = await findModel(registry, reference);
    const image = await registry.image(name, version);
    const [newest] = await store.rollouts({ model: name, limit: 1 });
    const { listed, configurations } = await readHub(system, options.devices);
    const devices = listed.map(
      ({ deviceId, connected, tags: { site, platform, link, redundancyGroup } }) => ({
        deviceId,
        site,
        platform,
        link,
        redundancyGroup,
        away: !connected,
      }),
    );
    return {
      ...planRollout(devices, policyFrom(options), tierOf(options.tier, system)).plan,
      model: formatReference({ name, version }),
      targets: targetsOf(listed),
      packaged: image !== undefined,
      live: newest?.finishedAt === null ? newest.rolloutId : null,
      configurations: { used: configurations, allowed: CONFIGURATIONS_ALLOWED },
    };
  } finally {
    await close();
  }
}

/** `windlass rollout plan`: what a rollout would do, before anything changes. */
export function registerPlan(rollouts: Command, cli: Cli): void {
  const command = rollouts
    .command('plan')
    .description('rings, strata, arithmetic, hub calls and duration of a rollout, before anything changes')
    .argument('<model@version>', 'version or alias');
  addPolicyOptions(command)
    .option('--tier <tier>', `hub tier for the arithmetic: ${HUB_TIER_NAMES.join(', ')}`)
    .addHelpText(
      'after',
      `
Example:
  $ windlass rollout plan pump-health@3 --ring canary=5 --ring fleet=100 --tier S1
`,
    )
    .action(async (reference: string, options: PlanOptions) => {
      const { values } = await cli.config();
      const system = await cli.system(values, { needs: ['database', 'hub'], command: 'rollout plan' });
      const planned = await plan(system, reference, options);
      cli.output.result(planned, () => showPlan(planned));
    });
}
