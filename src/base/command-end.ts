/** How a command ended. */
export interface CommandEnd {
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly timedOut: boolean;
  /** Set when it was ended because it used more memory than allowed (MiB). */
  readonly overMemory: { readonly limitMb: number; readonly usedMb: number | null } | null;
  readonly seconds: number;
}

/**
 * How a command ended, in words: "exit code 3", "signal SIGKILL", "it took longer than allowed".
 */
export function describeEnd({ exitCode, signal, timedOut, overMemory, seconds }: CommandEnd): string {
  if (overMemory !== null) return describeMemory(overMemory);
  if (timedOut) return `it took longer than allowed (${Math.round(seconds)} s) and was ended`;
  return signal === null ? `exit code ${exitCode ?? 'unknown'}` : `signal ${signal}`;
}

function describeMemory({ limitMb, usedMb }: NonNullable<CommandEnd['overMemory']>): string {
  const used = usedMb === null ? 'needed more memory' : `used ${usedMb} MiB of memory, more`;
  return `it ${used} than the ${limitMb} MiB allowed, and was ended`;
}
