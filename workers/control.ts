import { createControlActivities } from '../activities/registry/registry-activities.ts';
import type { QueueSetup, WorkerContext } from './context.ts';

/** The `control` queue: workflows run here, with the registry beside them. */
export function createControlQueue(context: WorkerContext): QueueSetup {
  return { activities: createControlActivities({ registry: context.registry }) };
}
