import { setTimeout as delay } from 'node:timers/promises';
import type { Command } from 'commander';
import { ROLLOUT_MESSAGES } from '../../../contracts/rollout/messages.ts';
import { WindlassError } from '../../../errors/windlass-error.ts';
import type { RolloutStore, StoredRollout } from '../../../ports/rollout-store.ts';
import type { Cli } from '../../cli.ts';
import { requireRole } from '../../../composition/open-registry.ts';
import { findRollout, openStore } from './open-store.ts';
import { registerPlan } from './plan-command.ts';
import { showRollout } from './show-rollout.ts';
import { openClient } from '../../shared/run-workflow.ts';
import { actorOf, byOptions, type ByOptions } from '../../shared/with-registry.ts';
import { table } from '../../shared/output.ts';

const WATCH_MS = 1_000;

/** Shows every change of the rollout until it has ended. */
async function watch(cli: Cli, store: RolloutStore, first: StoredRollout): Promise<StoredRollout> {
  let rollout = first;
  let told = '';
  while (rollout.finishedAt === null && !cli.signal.aborted) {
    const ring = rollout.rings.find((r) => r.verdict === 'running' || r.verdict === 'held');
    const line = `${rollout.state}${ring === undefined ? '' : ` · ${ring.name}: ${ring.attested} of ${ring.reachable} in contact attested, ${ring.failed} failed, ${ring.pending} pending`}`;
    cli.output.status(line);
    const state = `${rollout.state} ${ring?.name ?? ''}`;
    if (state !== told) cli.output.note(`${new Date().toISOString().slice(11, 19)}  ${line}`);
    told = state;
    await delay(WATCH_MS, undefined, { signal: cli.signal }).catch(() => undefined);
    rollout = await findRollout(store, rollout.rolloutId);
  }
  return rollout;
}

function registerStatus(rollouts: Command, cli: Cli): void {
  rollouts
    .command('status')
    .description('where a rollout stands: rings, counts, verdicts, devices that failed')
    .argument('[rollout|model]', 'id of a rollout, or a model for its newest (default: the newest of all)')
    .option('--watch', 'until it has ended')
    .addHelpText(
      'after',
      `
Examples:
  $ windlass rollout status
  $ windlass rollout status pump-health --watch
  $ windlass rollout status rollout-pump-health-3-1a2b3c4d --json
`,
    )
    .action(async (asked: string | undefined, options: { watch?: boolean }) => {
      const { values } = await cli.config();
      const system = await cli.system(values, { needs: ['database'], command: 'rollout status' });
      const { store, close } = await openStore(system);
      try {
        const found = await findRollout(store, asked);
        const rollout = options.watch === true ? await watch(cli, store, found) : found;
        const devices = await store.devices(rollout.rolloutId);
        const bad = devices.filter((d) => d.verdict === 'failed');
        const decisions = (await store.decisions(rollout.rolloutId)).map(({ devices: _, ...rest }) => rest);
        cli.output.result({ ...rollout, decisions, assigned: devices }, () =>
          [
            showRollout(rollout),
            ...(bad.length === 0
              ? []
              : [
                  '',
                  table(
                    ['FAILED DEVICE', 'RING', 'WHY'],
                    bad.map((d) => [d.deviceId, d.ring, d.reason]),
                  ),
                ]),
          ].join('\n'),
        );
      } finally {
        await close();
      }
    });
}

interface Steering {
  readonly name: string;
  readonly description: string;
  readonly update: string;
  readonly example: string;
  readonly argument: (
    rollout: StoredRollout,
    options: ByOptions & Record<string, unknown>,
    extra?: string,
  ) => object;
}

function modeOf({ keep, revert }: Record<string, unknown>): 'keep' | 'revert' {
  if (keep === revert)
    throw new WindlassError('INPUT_INVALID', 'Say what becomes of the devices: --keep or --revert.', {
      hint: '--keep leaves them on what they run; --revert gives them back what they ran before.',
    });
  return keep === true ? 'keep' : 'revert';
}

/** The ring that an approval is for, when none is named: the one that is held, or the next. */
function waitingRing(rollout: StoredRollout): string {
  const ring =
    rollout.rings.find((r) => r.verdict === 'held') ?? rollout.rings.find((r) => r.verdict === 'pending');
  return ring?.name ?? '';
}

const STEERING: readonly Steering[] = [
  {
    name: 'pause',
    description: 'stop offering and deciding until it is resumed',
    update: ROLLOUT_MESSAGES.pause,
    example: 'windlass rollout pause pump-health --reason "storm at site north"',
    argument: (_, options) => actorOf(options),
  },
  {
    name: 'resume',
    description: 'go on where it was paused',
    update: ROLLOUT_MESSAGES.resume,
    example: 'windlass rollout resume pump-health',
    argument: (_, options) => actorOf(options),
  },
  {
    name: 'approve',
    description: 'open the ring that waits for an approval, or promote the one that is held',
    update: ROLLOUT_MESSAGES.approve,
    example: 'windlass rollout approve pump-health fleet --reason "canary looks right"',
    argument: (rollout, options, ring) => ({ ring: ring ?? waitingRing(rollout), ...actorOf(options) }),
  },
  {
    name: 'abort',
    description: 'end it; devices keep what they run, or go back',
    update: ROLLOUT_MESSAGES.abort,
    example: 'windlass rollout abort pump-health --revert --reason "wrong units"',
    argument: (_, options) => ({ mode: modeOf(options), ...actorOf(options) }),
  },
];

function registerSteering(rollouts: Command, cli: Cli, steering: Steering): void {
  const { name, description, update, example, argument } = steering;
  const command = rollouts.command(name).description(description).argument('<rollout|model>', 'which one');
  if (name === 'approve') command.argument('[ring]', 'default: the one that waits');
  if (name === 'abort')
    command
      .option('--keep', 'devices stay on what they run')
      .option('--revert', 'devices get back what they ran before');
  byOptions(command)
    .addHelpText('after', `\nExample:\n  $ ${example}\n`)
    .action(async (...all: unknown[]) => {
      const options = all.at(-2) as ByOptions & Record<string, unknown>;
      const [asked, extra] = all.slice(0, -2) as [string, string?];
      const { values } = await cli.config();
      const system = await cli.system(values, {
        needs: ['database', 'temporal'],
        command: `rollout ${name}`,
      });
      const { store, close } = await openStore(system);
      const temporal = await openClient(system);
      try {
        const rollout = await findRollout(store, asked);
        await requireRole(system.config, options.actor, { action: 'deploy', project: rollout.model });
        const sent = { update, argument: argument(rollout, options, extra) };
        const { steerRollout } = await import('./steer-rollout.ts');
        const status = await steerRollout(temporal.client, rollout.workflowId, sent);
        cli.output.result(status, () => `${rollout.rolloutId}: ${status.state}. ${status.reason}`);
      } finally {
        await temporal.close();
        await close();
      }
    });
}

/** `windlass rollout status|plan|pause|resume|approve|abort`. */
export function register(program: Command, cli: Cli): void {
  const rollouts = program.command('rollout').description('plan, watch and steer rollouts');
  registerStatus(rollouts, cli);
  registerPlan(rollouts, cli);
  for (const steering of STEERING) registerSteering(rollouts, cli, steering);
}
