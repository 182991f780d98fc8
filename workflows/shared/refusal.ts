import { ApplicationFailure } from '@temporalio/workflow';
import { rootFailure } from './steps.ts';

/** What the registry's policy said no with; undefined for every other failure. */
export function refusalOf(error: unknown): ApplicationFailure | undefined {
  const failure = rootFailure(error);
  const said =
    failure instanceof ApplicationFailure &&
    (failure.type === 'APPROVAL_REQUIRED' || failure.type === 'PROMOTION_REFUSED');
  return said ? failure : undefined;
}
