import type { Command } from 'commander';
import type { DeployInput, DeployResult } from '../../../contracts/packaging/deploy.ts';
import type { RolloutResult } from '../../../contracts/rollout/rollout.ts';
import { WORKFLOWS } from '../../../contracts/names.ts';
import { parseReference } from '../../../domain/registry/reference.ts';
import { WindlassError } from '../../../errors/windlass-error.ts';
import type { ServiceName } from '../../../local-system/system-types.ts';
import type { Cli } from '../../cli.ts';
import { requireRole } from '../../../composition/open-registry.ts';
import { addPolicyOptions, policyFrom, repeated, type PolicyOptions } from './policy-options.ts';
import { ringTable } from './show-rollout.ts';
import { detachOnSystem, runOnSystem } from '../../shared/run-workflow.ts';
import { byOptions, type ByOptions } from '../../shared/with-registry.ts';
import { megabytes } from '../../shared/words.ts';

const NEEDS: readonly ServiceName[] = ['database', 'temporal', 'hub', 'worker'];

interface DeployOptions extends PolicyOptions, ByOptions {
  readonly devices: string;
  readonly platform: readonly string[];
  readonly packageOnly?: boolean;
  readonly detach?: boolean;
}

/** The workflow's input from the command line. */
export function deployInput(model: string, options: DeployOptions): DeployInput {
  const { devices, platform, packageOnly, actor, reason } = options;
  return {
    model,
    platforms: platform.length === 0 ? undefined : (platform as DeployInput['platforms']),
    devices,
    actor,
    reason,
    rollout: policyFrom(options),
    packageOnly: packageOnly === true,
  };
}

function showRolloutResult(rollout: RolloutResult): string[] {
  const pending = rollout.pendingDevices;
  return [
    `  rollout    ${rollout.outcome}: ${rollout.reason}`,
    ...(pending === 0 ? [] : [`  pending    ${pending} devices follow when they return`]),
    '',
    ringTable(rollout.rings),
  ];
}

function show({ model, image, gates, rollout, seconds }: DeployResult): string {
  const passed = gates.filter((g) => g.status === 'pass').length;
  const sizes = image.platforms.map((p) => `${p.platform} ${megabytes(p.size)}`);
  return [
    `${model.name}@${model.version}  ${image.reference}`,
    `  image      ${sizes.join(', ')}`,
    `  tested     as ${image.mode}: ${passed} of ${gates.length} gates passed`,
    ...(rollout === null ? ['  rollout    none: no device was touched'] : showRolloutResult(rollout)),
    `  ${seconds.toFixed(1)} s`,
  ].join('\n');
}

/** A rollout that did not complete ends with the table's exit code, whatever was printed before. */
function refuseStopped(result: DeployResult): void {
  const { rollout } = result;
  if (rollout === null || rollout.outcome === 'completed') return;
  throw new WindlassError(
    'ROLLOUT_STOPPED',
    `The rollout of ${rollout.model}@${rollout.version} was ${rollout.outcome}: ${rollout.reason}`,
    { details: result, hint: `\`windlass rollout status ${rollout.rolloutId}\` shows rings and devices.` },
  );
}

/** `windlass deploy`: package a version, test the image, bring it to the fleet. */
export function register(program: Command, cli: Cli): void {
  const deploy = program
    .command('deploy')
    .description('package a registered version, test the image, and roll it out to the fleet in rings')
    .argument('<model@version>', 'version or alias, e.g. pump-health@3 or pump-health@challenger');
  addPolicyOptions(deploy)
    .option('--platform <os/arch>', 'image platform; may be repeated', repeated, [])
    .option('--package-only', 'make and test the image; touch no device');
  byOptions(deploy)
    .option('--detach', 'start it on the running system and return')
    .addHelpText(
      'after',
      `
A ring is promoted on evidence: the agent runs the image, the module attests model and golden rows, and both hold for the
soak. A ring that fails goes back to what its devices ran before, and this command exits with ROLLOUT_STOPPED (32).

Examples:
  $ windlass deploy pump-health@3
  $ windlass deploy pump-health@3 --ring canary=5 --ring quarter=25 --ring fleet=100 --approval fleet
  $ windlass deploy pump-health@challenger --devices "tags.site = 'north'" --policy rollout.yaml --json
  $ windlass deploy pump-health@3 --package-only
`,
    )
    .action(async (model: string, options: DeployOptions) => {
      const input = deployInput(model, options);
      const { values } = await cli.config();
      const system = await cli.system(values, { needs: NEEDS, command: 'deploy' });
      const asked = { action: 'deploy', project: parseReference(model)?.name } as const;
      await requireRole(system.config, options.actor, asked);
      const start = { workflow: WORKFLOWS.packageAndDeploy, input, summary: `deploy ${model}` };
      if (options.detach === true) return detachOnSystem(cli, system, start);
      const result = await runOnSystem<DeployResult>(cli, system, start);
      if (cli.output.json) refuseStopped(result);
      cli.output.result(result, () => show(result));
      refuseStopped(result);
    });
}
