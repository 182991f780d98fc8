import { z } from 'zod';
import { MODULE_SLOT } from '../../src/contracts/device/device-tags.ts';
import type { JsonObject } from './json.ts';

/** `lastDesiredStatus` of the real agent. */
export interface DesiredStatus {
  readonly code: 200 | 400 | 412 | 417 | 500;
  readonly description: string;
}

const moduleSchema = z.looseObject({
  type: z.literal('docker'),
  status: z.enum(['running', 'stopped']).default('running'),
  restartPolicy: z.enum(['never', 'on-failure', 'on-unhealthy', 'always']).default('always'),
  settings: z.looseObject({ image: z.string().min(1) }),
});
export type DesiredModule = z.output<typeof moduleSchema>;

const desiredSchema = z.looseObject({
  schemaVersion: z.string(),
  runtime: z.looseObject({ type: z.literal('docker') }),
  systemModules: z.record(z.string(), z.unknown()).default({}),
  modules: z.record(z.string(), z.unknown()).default({}),
});

/** The deployment that a device has been given, or why it cannot be used. */
export type DesiredConfig =
  | {
      readonly ok: true;
      readonly runtime: JsonObject;
      readonly systemModules: JsonObject;
      readonly scorer: DesiredModule | undefined;
    }
  | { readonly ok: false; readonly status: DesiredStatus };

const refused = (code: DesiredStatus['code'], description: string): DesiredConfig => ({
  ok: false,
  status: { code, description },
});

/** Reads `$edgeAgent`'s desired properties as the agent does. */
export function readDesiredConfig(desired: JsonObject): DesiredConfig {
  const keys = Object.keys(desired).filter((key) => !key.startsWith('$'));
  if (keys.length === 0) return refused(417, 'Empty edge agent configuration received for device');
  const parsed = desiredSchema.safeParse(desired);
  if (!parsed.success) {
    const problem = parsed.error.issues[0];
    return refused(
      400,
      `Agent configuration format is invalid: ${problem?.path.join('.')}: ${problem?.message}`,
    );
  }
  if (!/^1\.[01](\.\d+)?$/.test(parsed.data.schemaVersion))
    return refused(412, `The deployment configuration has the schema version ${parsed.data.schemaVersion}`);
  const given = parsed.data.modules[MODULE_SLOT];
  const scorer = given === undefined ? undefined : moduleSchema.safeParse(given);
  if (scorer?.success === false) {
    const problem = scorer.error.issues[0];
    return refused(400, `Module ${MODULE_SLOT}: ${problem?.path.join('.')}: ${problem?.message}`);
  }
  const { runtime, systemModules } = parsed.data;
  return { ok: true, runtime, systemModules, scorer: scorer?.data };
}
