import { activityInfo } from '@temporalio/activity';
import { artefactsIn } from '../../src/contracts/artefact.ts';
import type { StepOutput } from '../../src/contracts/progress.ts';
import { canonicalJson } from '../../src/base/canonical-json.ts';
import type { ArtefactStore } from '../../src/ports/artefact-store.ts';
import type { StepStore, StoredStep } from '../../src/ports/step-store.ts';
import { digestOf } from '../../src/base/digest.ts';

export interface StepDeps {
  readonly steps: StepStore;
  readonly artefacts: ArtefactStore;
}

export interface StepIdentity {
  readonly step: string;
  /** Raised when the step itself changes what it does. */
  readonly version: number;
  /** Everything that decides the result: digests of code and data, parameters, seed. */
  readonly inputs: unknown;
  /**
   * What a person should read about why a result was taken, e.g. "same source bundle and
   * environment".
   */
  readonly same: string;
  /**
   * Whether results of other runs may be taken; this run's own always is, so that no step is done
   * twice.
   */
  readonly reuse: boolean;
}

/** sha256 over the step's name and version and all its inputs. */
export function stepKey({
  step,
  version,
  inputs,
}: Pick<StepIdentity, 'step' | 'version' | 'inputs'>): string {
  return digestOf(canonicalJson({ step, version, inputs }));
}

/**
 * Gives the stored result of a step when it was done before with the very same inputs and its
 * artefacts are all there; otherwise does it and stores the result, which must be small JSON.
 */
export async function cachedStep<T>(
  { steps, artefacts }: StepDeps,
  identity: StepIdentity,
  work: () => Promise<T>,
): Promise<StepOutput<T>> {
  const key = stepKey(identity);
  const { workflowId, runId } = activityInfo().workflowExecution ?? { workflowId: '', runId: '' };
  const found = await steps.find(identity.step, key);
  if (found !== undefined && (await usable(found))) {
    const value = found.result as T;
    if (found.runId === runId) return { value };
    const why = `${identity.same}: done by ${found.workflowId} on ${found.createdAt.slice(0, 16).replace('T', ' ')}`;
    return { value, cached: true, why };
  }
  const value = await work();
  await steps.save(identity.step, key, value, { workflowId, runId });
  return { value };

  async function usable(stored: StoredStep): Promise<boolean> {
    if (!identity.reuse && stored.runId !== runId) return false;
    const there = await Promise.all(artefactsIn(stored.result).map((a) => artefacts.has(a.digest)));
    return there.every(Boolean);
  }
}
