import { WorkflowFailedError } from '@temporalio/client';
import { ActivityFailure, ApplicationFailure, CancelledFailure, TimeoutFailure } from '@temporalio/common';
import { workflowError } from '../../src/cli/shared/workflow-error.ts';
import { WindlassError } from '../../src/errors/windlass-error.ts';

const where = { workflow: 'buildAndTrain', workflowId: 'w-1' };
const failed = (cause: Error) => new WorkflowFailedError('failed', cause, 'MAXIMUM_ATTEMPTS_REACHED');

test('an application failure comes back as the error that the activity threw', () => {
  const original = new WindlassError('TRAIN_FAILED', 'train.py ended with code 3', {
    details: { lines: ['boom'] },
  });
  const failure = ApplicationFailure.create({
    message: original.message,
    type: original.code,
    details: [original.toBody()],
  });
  const activity = new ActivityFailure(
    'Activity task failed',
    'train',
    '1',
    'NON_RETRYABLE_FAILURE',
    undefined,
    failure,
  );
  for (const cause of [failure, activity]) {
    const error = workflowError(failed(cause), where);
    expect(error.toBody()).toEqual({ ...original.toBody(), details: { lines: ['boom'], ...where } });
    expect(error.exitCode).toBe(17);
  }
});

test.each([
  [failed(new CancelledFailure('cancelled')), 'CANCELLED'],
  [failed(new TimeoutFailure('too long', undefined, 'START_TO_CLOSE')), 'TIMEOUT'],
  [failed(ApplicationFailure.create({ message: 'x', type: 'SomethingElse' })), 'INTERNAL'],
  [
    Object.assign(new Error('14 UNAVAILABLE'), { code: 14, details: 'no connection', metadata: {} }),
    'TEMPORAL_UNAVAILABLE',
  ],
  [new Error('surprise'), 'INTERNAL'],
])('%s is %s', (thrown, code) => {
  expect(workflowError(thrown, where).code).toBe(code);
});
