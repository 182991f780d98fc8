import type { z } from 'zod';
import { BUILD_EXAMPLE, buildInputSchema } from '../../src/contracts/build/build.ts';
import type { ResolvedBuildInput } from '../../src/contracts/build/build.ts';
import { CALIBRATE_EXAMPLE, calibrateInputSchema } from '../../src/contracts/device/calibrate-device.ts';
import type { ResolvedCalibrateInput } from '../../src/contracts/device/calibrate-device.ts';
import { DEPLOY_EXAMPLE, deployInputSchema } from '../../src/contracts/packaging/deploy.ts';
import type { ResolvedDeployInput } from '../../src/contracts/packaging/deploy.ts';
import {
  dataEventSchema,
  MONITOR_EXAMPLE,
  monitorInputSchema,
} from '../../src/contracts/monitoring/monitor.ts';
import type { ResolvedDataEvent, ResolvedMonitorInput } from '../../src/contracts/monitoring/monitor.ts';
import { IMPORT_EXAMPLE, importInputSchema } from '../../src/contracts/build/import.ts';
import type { ResolvedImportInput } from '../../src/contracts/build/import.ts';
import { REPRODUCE_EXAMPLE, reproduceInputSchema } from '../../src/contracts/build/reproduce.ts';
import type { ResolvedReproduceInput } from '../../src/contracts/build/reproduce.ts';
import { pushEventSchema } from '../../src/contracts/build/push.ts';
import type { ResolvedPushEvent } from '../../src/contracts/build/push.ts';
import { FLEET_ROLLOUT_EXAMPLE, fleetRolloutInputSchema } from '../../src/contracts/rollout/rollout.ts';
import type { ResolvedFleetRolloutInput } from '../../src/contracts/rollout/rollout.ts';
import { WindlassError } from '../../src/errors/windlass-error.ts';
import { parseInput } from '../../src/errors/parse-input.ts';

/** The inputs that come from people and machines, by the workflow (or signal) that takes them. */
export interface ResolvedInputs {
  readonly buildAndTrain: ResolvedBuildInput;
  readonly importModel: ResolvedImportInput;
  readonly reproduceModel: ResolvedReproduceInput;
  readonly calibrateDevice: ResolvedCalibrateInput;
  readonly packageAndDeploy: ResolvedDeployInput;
  readonly fleetRollout: ResolvedFleetRolloutInput;
  readonly monitorAndRetrain: ResolvedMonitorInput;
  readonly newData: ResolvedDataEvent;
  readonly gitPush: ResolvedPushEvent;
}
export type InputName = keyof ResolvedInputs;

const INPUTS: { readonly [N in InputName]: { schema: z.ZodType<ResolvedInputs[N]>; example: unknown } } = {
  buildAndTrain: { schema: buildInputSchema, example: BUILD_EXAMPLE },
  importModel: { schema: importInputSchema, example: IMPORT_EXAMPLE },
  reproduceModel: { schema: reproduceInputSchema, example: REPRODUCE_EXAMPLE },
  calibrateDevice: { schema: calibrateInputSchema, example: CALIBRATE_EXAMPLE },
  packageAndDeploy: { schema: deployInputSchema, example: DEPLOY_EXAMPLE },
  fleetRollout: { schema: fleetRolloutInputSchema, example: FLEET_ROLLOUT_EXAMPLE },
  monitorAndRetrain: { schema: monitorInputSchema, example: MONITOR_EXAMPLE },
  newData: { schema: dataEventSchema, example: { model: 'pump-health', data: 'data/pumps' } },
  gitPush: {
    schema: pushEventSchema,
    example: {
      id: 'by-hand-1',
      commit: '0123456789abcdef0123456789abcdef01234567',
      build: { project: 'https://git.example.com/models.git#pumps' },
    },
  },
};

/**
 * Completes the one JSON object that a workflow was started with; nothing at all counts as `{}`.
 * Throws INPUT_INVALID that lists every wrong field, what was expected, and an example.
 */
export function resolveInput<N extends InputName>(name: N, raw: unknown): ResolvedInputs[N] {
  const input = INPUTS[name];
  if (input === undefined)
    throw new WindlassError('INTERNAL', `There is no input schema for "${String(name)}".`);
  const { schema, example } = input;
  return parseInput(schema, raw ?? {}, { what: `The input of ${name}`, example, lines: true });
}
