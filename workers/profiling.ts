import { createProfileActivities } from '../activities/optimisation/profile-activities.ts';
import { thisMachine } from '../src/adapters/onnx/measure.ts';
import { createOnnxModelRuntime } from '../src/adapters/onnx/onnx-model-runtime.ts';
import { profilingQueue } from '../src/contracts/names.ts';
import type { QueueSetup, WorkerContext } from './context.ts';

/** The queue that measures models on machines like this one. */
export function createProfilingQueue({ artefacts, steps }: WorkerContext): QueueSetup {
  const machine = thisMachine();
  return {
    taskQueue: profilingQueue(machine.platform),
    activities: createProfileActivities({ artefacts, steps, machine, models: createOnnxModelRuntime() }),
    // Two measurements at a time would measure each other.
    options: { maxConcurrentActivityTaskExecutions: 1 },
  };
}
