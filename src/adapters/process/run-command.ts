import { spawn } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { CommandResult } from '../../ports/project-runtime.ts';
import { processInfo, signalProcess } from './process-info.ts';
import { waitFor } from '../../base/wait-for.ts';
import { CommandOutput, type OnLine } from './command-output.ts';
import { endOrphans } from './orphans.ts';
import { ProcessFamily, RUN_MARK } from './process-tree.ts';

export interface CommandSpec {
  /** Program and arguments. */
  readonly command: readonly [string, ...string[]];
  readonly cwd: string;
  /** The whole environment of the command: nothing is inherited. */
  readonly env: Readonly<Record<string, string>>;
  readonly logFile: string;
  /**
   * Where its process id is kept while it runs; an orphan that an earlier run left there is ended
   * first.
   */
  readonly pidFile: string;
  readonly timeoutMs: number;
  /** Memory in MiB that it and all that it starts may use together; above it they are ended. */
  readonly memoryMb?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onLine?: OnLine | undefined;
  readonly onUsage?: ((usage: { readonly memoryMb: number }) => void) | undefined;
}

const GRACE_MS = 4000;
const LOOK_MS = 500;

/** Ends a command and all that it started: asks, waits four seconds at most, then kills. */
async function endTree(pid: number, family: ProcessFamily): Promise<void> {
  signalProcess(-pid, 'SIGTERM');
  family.signal('SIGTERM');
  await waitFor(() => family.living().length === 0, { timeoutMs: GRACE_MS, everyMs: 100 });
  signalProcess(-pid, 'SIGKILL');
  await family.kill();
}

/**
 * Runs a command in a process group of its own with its output in a log file (the first 64 MiB).
 * Cancellation and limits end the whole tree; a cancelled command rejects with the signal's reason.
 * Never throws for an exit code.
 */
export async function runCommand(spec: CommandSpec): Promise<CommandResult> {
  spec.signal?.throwIfAborted();
  mkdirSync(dirname(spec.pidFile), { recursive: true });
  const orphans = await endOrphans(spec.pidFile);

  const output = new CommandOutput(spec.logFile, spec.onLine);
  const startedAt = performance.now();
  const [program, ...args] = spec.command;
  const child = spawn(program, args, {
    cwd: spec.cwd,
    env: { ...spec.env, [RUN_MARK]: spec.pidFile },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const info = child.pid === undefined ? undefined : processInfo(child.pid);
  const family = info && new ProcessFamily(info, spec.pidFile);
  if (info !== undefined)
    writeFileSync(spec.pidFile, JSON.stringify({ pid: info.pid, startTime: info.startTime }));

  void output.follow(child.stdout, 'stdout');
  void output.follow(child.stderr, 'stderr');

  const ended = new Promise<{ exitCode: number | null; signal: NodeJS.Signals | null; error?: Error }>(
    (resolve) => {
      child.once('exit', (exitCode, signal) => resolve({ exitCode, signal }));
      child.once('error', (error) => resolve({ exitCode: null, signal: null, error }));
    },
  );
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));

  let timedOut = false;
  let overMemory: CommandResult['overMemory'] = null;
  let stopping: Promise<void> | undefined;
  const stop = (): void => {
    if (family !== undefined && info !== undefined) stopping ??= endTree(info.pid, family);
  };
  const look = setInterval(() => {
    if (family === undefined || stopping !== undefined) return;
    const memoryMb = family.memoryMb(spec.memoryMb);
    spec.onUsage?.({ memoryMb: Math.round(memoryMb) });
    if (spec.memoryMb === undefined || memoryMb <= spec.memoryMb) return;
    overMemory = { limitMb: spec.memoryMb, usedMb: Math.round(memoryMb) };
    stop();
  }, LOOK_MS);
  const timer = setTimeout(() => {
    timedOut = true;
    stop();
  }, spec.timeoutMs);
  spec.signal?.addEventListener('abort', stop, { once: true });
  if (spec.signal?.aborted === true) stop();
  try {
    const outcome = await ended;
    clearTimeout(timer);
    clearInterval(look);
    await stopping;
    if (child.pid !== undefined) signalProcess(-child.pid, 'SIGKILL');
    await family?.kill(); // what it left behind
    await Promise.race([closed, delay(2000, undefined, { ref: false })]);
    if (outcome.error !== undefined) output.lastLines.push(outcome.error.message);
    spec.signal?.throwIfAborted();
    return {
      exitCode: outcome.exitCode,
      signal: outcome.signal,
      timedOut,
      overMemory,
      seconds: (performance.now() - startedAt) / 1000,
      lastLines: output.lastLines,
      orphans,
    };
  } finally {
    clearTimeout(timer);
    clearInterval(look);
    spec.signal?.removeEventListener('abort', stop);
    await output.close();
    rmSync(spec.pidFile, { force: true });
  }
}
