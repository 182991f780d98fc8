import { createProfileActivities } from '../activities/optimisation/profile-activities.ts';
import { machinePlatform } from '../src/adapters/oci/platform.ts';
import { createOnnxModelRuntime } from '../src/adapters/onnx/onnx-model-runtime.ts';
import { profilingQueue } from '../src/contracts/names.ts';
import type { QueueSetup, WorkerContext } from './context.ts';

/** The queue that measures models on machines like this one. */
export function createProfilingQueue({ artefacts }: WorkerContext): QueueSetup {
  return {
    taskQueue: profilingQueue(machinePlatform()),
    activities: createProfileActivities({ artefacts, models: createOnnxModelRuntime() }),
    // Two measurements at a time would measure each other.
    options: { maxConcurrentActivityTaskExecutions: 1 },
  };
}
