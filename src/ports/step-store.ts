/**
 * Results of finished steps by the digest of everything that went in: what makes a retry start at
 * the failed step.
 */
export interface StepStore {
  find(step: string, key: string): Promise<StoredStep | undefined>;
  save(step: string, key: string, result: unknown, by: { workflowId: string; runId: string }): Promise<void>;
}

export interface StoredStep {
  readonly result: unknown;
  readonly createdAt: string;
  readonly workflowId: string;
  readonly runId: string;
}
