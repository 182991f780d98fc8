import { ApplicationFailure } from '@temporalio/workflow';
import { rootFailure } from './steps.ts';

/** How the registry's policy refused an alias; undefined for every other failure. */
export function refusalOf(error: unknown): ApplicationFailure | undefined {
  const failure = rootFailure(error);
  const refused =
    failure instanceof ApplicationFailure &&
    (failure.type === 'APPROVAL_REQUIRED' || failure.type === 'PROMOTION_REFUSED');
  return refused ? failure : undefined;
}
