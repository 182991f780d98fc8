import { cpSync, mkdirSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import { execa } from 'execa';
import { parseDocument } from 'yaml';
import type { RolloutPolicy } from '../../../contracts/rollout/policy.ts';
import type { FleetHub } from '../../../ports/fleet-hub.ts';
import type { MonitorStore } from '../../../ports/monitor-store.ts';
import type { Registry } from '../../../ports/registry/registry.ts';
import { PROJECT_ROOT } from '../../../local-system/parts.ts';
import type { Cli } from '../../cli.ts';
import type { FleetControl } from './fleet-control.ts';

export const MODEL = 'pump-health';

/** What all acts share: the running parts, and the operator's own repository and data. */
export interface Stage {
  readonly cli: Cli;
  readonly client: Client;
  readonly registry: Registry;
  readonly monitor: MonitorStore;
  /** What the product itself sees of the devices. */
  readonly hub: FleetHub;
  /** What happens to the pumps and their links. */
  readonly fleet: FleetControl;
  readonly project: string;
  readonly data: string;
  readonly seed: number;
  readonly devices: number;
  /** Tells people what is going on: a line that stays. */
  readonly say: (line: string) => void;
  /** What is being waited for; replaced by the next. */
  readonly status: (line: string) => void;
  readonly signal: AbortSignal;
}

/** Rings as in the product's defaults, with times that suit a fleet whose hours pass in minutes. */
export const ROLLOUT: Partial<RolloutPolicy> = {
  soakSeconds: 4,
  pollSeconds: 1,
  ringTimeoutSeconds: 120,
  holdSeconds: 30,
  maxRestarts: 1,
};

/**
 * A demo starts with an empty state folder, but for layers of images: each is named by a digest and
 * so is good again.
 */
export const KEPT_BETWEEN_DEMOS = ['images'];

const git = (folder: string, ...args: string[]) =>
  execa(
    'git',
    ['-c', 'user.name=Demo', '-c', 'user.email=demo@windlass.invalid', '-c', 'commit.gpgsign=false', ...args],
    {
      cwd: folder,
      timeout: 30_000,
    },
  );

/** Commits everything in the demo's repository; the message says why. */
export async function commit(folder: string, message: string): Promise<string> {
  await git(folder, 'add', '--all');
  await git(folder, 'commit', '--quiet', '-m', message);
  return (await git(folder, 'rev-parse', 'HEAD')).stdout;
}

/** The operator's repository: the example project, with monitoring set to the demo's fast clock. */
export async function createProject(folder: string): Promise<void> {
  cpSync(join(PROJECT_ROOT, 'examples/pump-health'), folder, {
    recursive: true,
    filter: (source) => !/(__pycache__|\.venv|\.pytest_cache|\.ruff_cache)$/.test(source),
  });
  const file = join(folder, 'windlass.yaml');
  const yaml = parseDocument(await readFile(file, 'utf8'));
  yaml.set('monitoring', { windowsPerSummary: 8, k: 2, m: 3, cooldownSeconds: 600, retrainOn: 'drift' });
  await writeFile(file, yaml.toString());
  await git(folder, 'init', '--quiet', '--initial-branch', 'main');
  await commit(folder, 'Start from the pump-health example, monitored on a fast clock');
}

/** Writes labelled files of simulated pumps, as the operator's data export would. */
export async function writeData(
  folder: string,
  options: { pumps: number; first: number; seed: number; regime: string },
): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const { pumps, first, seed, regime } = options;
  await execa(
    'node',
    [
      join(PROJECT_ROOT, 'stand-ins/pump/write-files.ts'),
      ...['--folder', folder, '--pumps', String(pumps), '--start-index', String(first)],
      ...['--seed', String(seed), '--regime', regime],
    ],
    { preferLocal: true, localDir: PROJECT_ROOT, timeout: 120_000 },
  );
}
