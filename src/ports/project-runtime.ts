/**
 * What an environment is made from: a pip lock file with hashes, a conda file, or an image by
 * digest.
 */
export type EnvironmentRequest =
  | { readonly kind: 'pip'; readonly lock: Uint8Array }
  | { readonly kind: 'conda'; readonly file: Uint8Array }
  | { readonly kind: 'image'; readonly reference: string };

/** An environment that is complete: exactly what its source says. */
export interface RuntimeEnvironment {
  /**
   * sha256 over lock, language version and platform, or the image's digest: same key, same
   * environment.
   */
  readonly key: string;
  readonly kind: EnvironmentRequest['kind'];
  /** The image, when commands run in containers. */
  readonly image?: string;
  readonly folder: string;
  /** Version of Python; empty for an image. */
  readonly python: string;
  readonly platform: string;
  readonly builtAt: string;
  /** Whether it was there already. */
  readonly reused: boolean;
  readonly logFile: string;
}

/** What a container may use of the machine. */
export interface ContainerLimits {
  /** Cores, e.g. 1.5. */
  readonly cpus?: number | undefined;
  readonly gpus?: number | 'all' | undefined;
  /** Without it there is no network at all. */
  readonly network: boolean;
}

/** What only a command in a container needs to be given; a process has the machine. */
export interface ContainerUse extends ContainerLimits {
  /** Paths that it is given, at the same place as here. */
  readonly mounts: ReadonlyArray<{ readonly path: string; readonly writable: boolean }>;
}

export interface ProjectCommand {
  /** A line for the shell, as windlass.yaml gives it. */
  readonly run: string;
  readonly cwd: string;
  readonly container?: ContainerUse;
  /** Variables beside those of the environment. */
  readonly variables: Readonly<Record<string, string>>;
  readonly logFile: string;
  /**
   * Where its process id is kept while it runs; an orphan that an earlier run left there is ended
   * first.
   */
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
  readonly overMemory: { readonly limitMb: number; readonly usedMb: number | null } | null;
  readonly seconds: number;
  /** The last lines of both streams as they came. */
  readonly lastLines: readonly string[];
  /** Processes of an earlier attempt that had to be ended first. */
  readonly orphans: ReadonlyArray<number | string>;
}

/** Runs the commands of training projects in their environment. */
export interface ProjectRuntime {
  /**
   * Builds or pulls the environment, or finds it; once even when several ask. Throws
   * PYTHON_MISSING, PROJECT_INVALID, ENVIRONMENT_FAILED, DOCKER_UNAVAILABLE.
   */
  ensure(
    request: EnvironmentRequest,
    hooks?: { readonly signal?: AbortSignal; readonly onLine?: (line: string) => void },
  ): Promise<RuntimeEnvironment>;
  /**
   * Ends what an earlier attempt left running because its worker was killed; gives ids of processes
   * or containers.
   */
  endOrphans(environment: RuntimeEnvironment, pidFile: string): Promise<ReadonlyArray<number | string>>;
  /** Ends the whole process tree on cancellation and timeout. Never throws for an exit code. */
  run(environment: RuntimeEnvironment, command: ProjectCommand): Promise<CommandResult>;
}
