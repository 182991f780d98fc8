import {
  isGrpcDeadlineError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
  type Client,
} from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { RolloutStatus } from '../../../contracts/rollout/rollout.ts';
import { ERRORS, type ErrorCode } from '../../../errors/table.ts';
import { WindlassError } from '../../../errors/windlass-error.ts';
import { workflowError } from '../../shared/workflow-error.ts';

const DEADLINE_MS = 60_000;

function isCode(text: string | null | undefined): text is ErrorCode {
  return typeof text === 'string' && text in ERRORS;
}

function isDeadline(error: unknown): boolean {
  if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError) return true;
  return isGrpcDeadlineError(error) || (error instanceof Error && isGrpcDeadlineError(error.cause));
}

/**
 * Sends an update to a rollout and waits until it was taken; throws CONFLICT or INPUT_INVALID when
 * it was refused.
 */
export async function steerRollout(
  client: Client,
  workflowId: string,
  { update, argument }: { readonly update: string; readonly argument: object },
): Promise<RolloutStatus> {
  try {
    return await client.withDeadline(Date.now() + DEADLINE_MS, () =>
      client.workflow
        .getHandle(workflowId)
        .executeUpdate<RolloutStatus, [object]>(update, { args: [argument] }),
    );
  } catch (error) {
    if (error instanceof WorkflowUpdateFailedError && error.cause instanceof ApplicationFailure) {
      const { type, message } = error.cause;
      throw new WindlassError(isCode(type) ? type : 'INTERNAL', message, { cause: error });
    }
    if (error instanceof WorkflowNotFoundError)
      throw new WindlassError('CONFLICT', `The rollout ${workflowId} has ended: it cannot be steered.`, {
        cause: error,
      });
    if (isDeadline(error))
      throw new WindlassError(
        'TIMEOUT',
        `The rollout ${workflowId} did not answer: no worker took the message.`,
        {
          hint: 'Start the system with `windlass up`; the message is taken when its worker runs.',
          cause: error,
        },
      );
    throw workflowError(error, { workflow: 'fleetRollout', workflowId });
  }
}
