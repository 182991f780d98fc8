import { readFileSync } from 'node:fs';
import { z } from 'zod';
import type { Log } from '../../edge/log.ts';
import { messageOf } from '../../src/base/error-message.ts';
import { act, ACTIONS, type ActionName } from './control-actions.ts';
import type { VirtualDevice } from './virtual-device.ts';

/**
 * A script: what happens to which devices, so many seconds after the fleet is ready; `every`
 * repeats it.
 */
const scriptSchema = z.array(
  z.looseObject({
    at: z.number().nonnegative(),
    do: z.enum(ACTIONS as [ActionName, ...ActionName[]]),
    every: z.number().positive().optional(),
  }),
);

/** Reads a script file; throws an Error that names the wrong event. */
export function readScript(path: string): z.infer<typeof scriptSchema> {
  const parsed = scriptSchema.safeParse(JSON.parse(readFileSync(path, 'utf8')));
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
  throw new Error(`the script ${path} is not valid. ${problems.join('; ')}`);
}

/** Plays a script; returns the function that ends it. */
export function playScript(
  script: z.infer<typeof scriptSchema>,
  devices: ReadonlyMap<string, VirtualDevice>,
  log: Log,
): () => void {
  const timers = new Set<NodeJS.Timeout>();
  for (const { at, do: name, every, ...body } of script) {
    const play = (): void => {
      act(devices, name, body).then(
        (changed) => log.info('script', { do: name, devices: changed.length }),
        (error: unknown) => log.error('a script event failed', { do: name, error: messageOf(error) }),
      );
      if (every !== undefined) timers.add(setTimeout(play, every * 1000));
    };
    timers.add(setTimeout(play, at * 1000));
  }
  return () => {
    for (const timer of timers) clearTimeout(timer);
  };
}
