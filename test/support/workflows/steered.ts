import { ApplicationFailure, condition, defineUpdate, setHandler } from '@temporalio/workflow';

/**
 * A workflow that takes the messages of a rollout, so that the way to it can be tested without a
 * fleet.
 */
export async function steered(): Promise<string[]> {
  const taken: string[] = [];
  let over = false;
  for (const name of ['pause', 'resume', 'approveRing', 'abort'])
    setHandler(
      defineUpdate<string[], [{ actor: string; reason: string }]>(name),
      (body) => {
        taken.push(`${name} by ${body.actor}: ${body.reason}`);
        over ||= name === 'abort';
        return taken;
      },
      {
        validator: (body) => {
          if (name === 'resume' && !taken.some((line) => line.startsWith('pause')))
            throw ApplicationFailure.nonRetryable(`${body.actor}, the rollout is not paused`, 'CONFLICT');
        },
      },
    );
  await condition(() => over);
  return taken;
}
