import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { processInfo } from '../../src/adapters/process/process-info.ts';
import { waitFor } from '../../src/base/wait-for.ts';
import { createTinyProject, writeTinyData, type TinyDataOptions, type TinyProject } from './tiny-project.ts';

/** The tiny project's columns and those of the virtual pumps that take their place. */
const COLUMNS = { vibration: 'Accelerometer1RMS', current: 'Current' } as const;

function rename(file: string): void {
  const text = readFileSync(file, 'utf8');
  const renamed = Object.entries(COLUMNS).reduce(
    (t, [from, to]) => t.replaceAll(new RegExp(`\\b${from}\\b`, 'g'), to),
    text,
  );
  writeFileSync(file, renamed);
}

/** Data of the tiny project in columns that virtual pumps have. */
export function writePumpData(folder: string, options: TinyDataOptions = {}): void {
  writeTinyData(folder, options);
  for (const name of readdirSync(folder)) rename(join(folder, name));
}

/**
 * The tiny project on columns that virtual pumps have; `yaml` changes its windlass.yaml before the
 * commit.
 */
export function createPumpProject(
  folder: string,
  yaml: (text: string) => string = (text) => text,
): TinyProject {
  const tiny = createTinyProject(folder);
  const spec = join(tiny.project, 'windlass.yaml');
  for (const name of ['windlass.yaml', 'train.py']) rename(join(tiny.project, name));
  writeFileSync(spec, yaml(readFileSync(spec, 'utf8')));
  for (const name of readdirSync(tiny.data)) rename(join(tiny.data, name));
  tiny.commit('Learn from what the pumps of the fleet measure');
  return tiny;
}

/**
 * The folder in which the tiny project's train command waits in its middle (param `waitFolder`).
 */
export interface TrainGate {
  /** The process that waits, once there is one other than `not`. */
  waiting(not?: number): Promise<number>;
  open(): void;
  close(): void;
}

export function trainGate(folder: string): TrainGate {
  const pids = (): number[] =>
    readdirSync(folder).flatMap((name) => (name.startsWith('pid-') ? [Number(name.slice(4))] : []));
  return {
    waiting: async (not) => {
      const pid = await waitFor(() => pids().find((p) => p !== not && processInfo(p) !== undefined), {
        timeoutMs: 120_000,
      });
      if (pid === undefined) throw new Error('no train command came to its middle');
      return pid;
    },
    open: () => writeFileSync(join(folder, 'go'), ''),
    close: () => {
      for (const name of readdirSync(folder)) rmSync(join(folder, name));
    },
  };
}
