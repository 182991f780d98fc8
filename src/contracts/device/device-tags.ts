import { z } from 'zod';

/** The module slot on each device that runs the scored model; also the key of its target tag. */
export const MODULE_SLOT = 'scorer';

/**
 * Device twin tags that Windlass reads and writes. `windlass.<slot>` holds the target, e.g.
 * "pump-health-2".
 */
export const deviceTagsSchema = z.looseObject({
  site: z.string().default('unknown'),
  platform: z.string().default('linux/amd64'),
  link: z.string().default('lan'),
  redundancyGroup: z.string().optional(),
  windlass: z.record(z.string(), z.string()).default({}),
});

export type DeviceTags = z.output<typeof deviceTagsSchema>;

/** Value of the target tag and id of the hub configuration of one model version. */
export function targetName(model: string, version: string): string {
  return `${model}-${version}`;
}

/**
 * Model and version of a target tag: versions are whole numbers, so the last hyphen divides them.
 */
export function parseTarget(target: string): { model: string; version: string } {
  const at = target.lastIndexOf('-');
  return { model: target.slice(0, at), version: target.slice(at + 1) };
}

export function targetCondition(model: string, version: string): string {
  return `tags.windlass.${MODULE_SLOT}='${targetName(model, version)}'`;
}
