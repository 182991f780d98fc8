import type { Command } from 'commander';
import type { Cli } from './cli.ts';

export interface CommandModule {
  /** Adds the command, with its options and an example or two in its help, to the program. */
  register(program: Command, cli: Cli): void;
}

export interface CommandEntry {
  readonly name: string;
  readonly summary: string;
  readonly load: () => Promise<CommandModule>;
}

/**
 * Every command, in the order of the help. A new one is a file in `commands/` and a line here; only
 * the one asked for is loaded.
 */
export const COMMANDS: readonly CommandEntry[] = [
  {
    name: 'up',
    summary: 'start the whole system and show its addresses',
    load: () => import('./commands/up.ts'),
  },
  { name: 'down', summary: 'stop the system that `up` started', load: () => import('./commands/down.ts') },
  {
    name: 'train',
    summary: 'build and train a model version from a commit',
    load: () => import('./commands/train/train.ts'),
  },
  {
    name: 'check',
    summary: 'run the gates alone, without a server',
    load: () => import('./commands/check/check.ts'),
  },
  {
    name: 'models',
    summary: 'search versions, show one, trace it, approve and promote it',
    load: () => import('./commands/models/models.ts'),
  },
  {
    name: 'reproduce',
    summary: 'make a version again and say what differs',
    load: () => import('./commands/reproduce.ts'),
  },
  {
    name: 'pipelines',
    summary: 'list published pipelines, show one, say what differs between two',
    load: () => import('./commands/pipelines/pipelines.ts'),
  },
  {
    name: 'environments',
    summary: 'list environments of this machine, take away unused ones',
    load: () => import('./commands/environments.ts'),
  },
  {
    name: 'triggers',
    summary: 'list which pushes start a build',
    load: () => import('./commands/triggers.ts'),
  },
  {
    name: 'audit',
    summary: 'what was done, by whom, and whether the trail is whole',
    load: () => import('./commands/audit.ts'),
  },
  {
    name: 'roles',
    summary: 'who may do what on which project',
    load: () => import('./commands/roles.ts'),
  },
  {
    name: 'tokens',
    summary: 'tokens of the HTTP API',
    load: () => import('./commands/tokens.ts'),
  },
  {
    name: 'retention',
    summary: 'delete the bytes of old versions that nothing needs',
    load: () => import('./commands/retention.ts'),
  },
  {
    name: 'data',
    summary: 'list data sets, show what one consists of',
    load: () => import('./commands/data.ts'),
  },
  {
    name: 'deploy',
    summary: 'package a version, test the image, roll it out to the fleet',
    load: () => import('./commands/rollout/deploy.ts'),
  },
  {
    name: 'rollout',
    summary: 'plan, watch and steer rollouts',
    load: () => import('./commands/rollout/rollout.ts'),
  },
  {
    name: 'calibrate',
    summary: "fit a device's calibration and deliver it",
    load: () => import('./commands/calibrate.ts'),
  },
  {
    name: 'calibrations',
    summary: 'list what was fitted for devices, show one document',
    load: () => import('./commands/calibrations.ts'),
  },
  {
    name: 'monitor',
    summary: 'watch models in production: run now, or by a schedule',
    load: () => import('./commands/monitor.ts'),
  },
  {
    name: 'data-event',
    summary: 'tell that new data has arrived',
    load: () => import('./commands/data-event.ts'),
  },
  {
    name: 'demo',
    summary: 'play the whole story on real parts',
    load: () => import('./commands/demo/demo-command.ts'),
  },
  {
    name: 'doctor',
    summary: 'say what is missing and how to get it',
    load: () => import('./commands/doctor.ts'),
  },
  {
    name: 'config',
    summary: 'show each setting and where it comes from',
    load: () => import('./commands/config.ts'),
  },
];
