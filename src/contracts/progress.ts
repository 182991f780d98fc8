import type { GateResult } from './gate.ts';

export type StepStatus = 'waiting' | 'running' | 'done' | 'cached' | 'failed' | 'skipped';

export interface StepProgress {
  readonly name: string;
  readonly status: StepStatus;
  readonly seconds: number | null;
  readonly message: string;
}

/**
 * The answer of the query `progress`, which every pipeline workflow registers before its first
 * await.
 */
export interface PipelineProgress {
  readonly stage: string;
  readonly steps: readonly StepProgress[];
  readonly gates: readonly GateResult[];
}

export const PROGRESS_QUERY = 'progress';

/** A finished step in results: wall seconds of this run, and whether its result was reused. */
export interface StepReport {
  readonly name: string;
  readonly seconds: number;
  readonly cached: boolean;
  /** Why a cached result was taken; absent when the step ran. */
  readonly why?: string;
}

/**
 * What a step's activity hands back to its workflow: the value, and what the progress report says
 * about it.
 */
export interface StepOutput<T> {
  readonly value: T;
  readonly cached?: boolean;
  readonly why?: string;
  /** One line for people: what was found or made. */
  readonly message?: string;
  readonly gates?: readonly GateResult[];
}
