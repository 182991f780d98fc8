/** What an environment is made from: a pip lock file with hashes, a conda file, or an image by digest. */
export type EnvironmentRequest =
  | { readonly kind: 'pip'; readonly lock: Uint8Array }
  | { readonly kind: 'conda'; readonly file: Uint8Array }
  | { readonly kind: 'image'; readonly reference: string };

/** An environment that is complete: exactly what the lock file says. */
export interface RuntimeEnvironment {
  /** sha256 over lock (or image), language version and platform: same key, same environment. */
  readonly key: string;
  readonly kind: EnvironmentRequest['kind'];
  readonly folder: string;
  readonly python: string;
  readonly platform: string;
  readonly builtAt: string;
  /** Whether it was there already. */
  readonly reused: boolean;
  readonly logFile: string;
}

export interface ProjectCommand {
  /** A line for the shell, as windlass.yaml gives it. */
  readonly run: string;
  readonly cwd: string;
  /** Variables beside those of the environment. */
  readonly variables: Readonly<Record<string, string>>;
  readonly logFile: string;
  /** Where its process id is kept while it runs; an orphan that an earlier run left there is ended first. */
  readonly pidFile: string;
  readonly timeoutMs: number;
  /** Memory in MiB that it and all that it starts may use together; above it they are ended. */
  readonly memoryMb?: number | undefined;
  readonly signal?: AbortSignal;
  readonly onLine?: (line: string, stream: 'stdout' | 'stderr') => void;
  readonly onUsage?: (usage: { readonly memoryMb: number }) => void;
}

export interface CommandResult {
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly timedOut: boolean;
  /** Set when it was ended because it used more memory than allowed (MiB). */
  readonly overMemory: { readonly limitMb: number; readonly usedMb: number } | null;
  readonly seconds: number;
  /** The last lines of both streams as they came. */
  readonly lastLines: readonly string[];
  /** Processes of an earlier attempt that had to be ended first. */
  readonly orphans: readonly number[];
}

/** Runs the commands of training projects in the environment of their lock file. */
export interface ProjectRuntime {
  /** Builds the environment, or finds it; once even when several ask. Throws PYTHON_MISSING, PROJECT_INVALID, ENVIRONMENT_FAILED. */
  ensure(
    request: EnvironmentRequest,
    hooks?: { readonly signal?: AbortSignal; readonly onLine?: (line: string) => void },
  ): Promise<RuntimeEnvironment>;
  /** Ends what an earlier attempt left running because its worker was killed; gives the process ids. */
  endOrphans(pidFile: string): Promise<readonly number[]>;
  /** Ends the whole process tree on cancellation and timeout. Never throws for an exit code. */
  run(environment: RuntimeEnvironment, command: ProjectCommand): Promise<CommandResult>;
}

/** How a command ended, in words: "exit code 3", "signal SIGKILL", "it took longer than allowed". */
export function describeEnd(result: CommandResult): string {
  if (result.overMemory !== null)
    return `it used ${result.overMemory.usedMb} MiB of memory, more than the ${result.overMemory.limitMb} MiB allowed, and was ended`;
  if (result.timedOut) return `it took longer than allowed (${Math.round(result.seconds)} s) and was ended`;
  return result.signal === null ? `exit code ${result.exitCode ?? 'unknown'}` : `signal ${result.signal}`;
}
