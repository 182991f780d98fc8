import { parseTarget, targetName } from '../../src/contracts/device/device-tags.ts';
import { IDENTIFIERS } from '../../src/contracts/identifiers.ts';
import type { FleetHub } from '../../src/ports/fleet-hub.ts';
import type { ModelConfiguration } from '../../src/contracts/device/evidence.ts';
import type { ModelImages } from '../../src/ports/registry/images.ts';
import type { ModelVersions } from '../../src/ports/registry/model-versions.ts';

/**
 * Priority of a version's configuration: above every other deployment, and growing with the
 * version.
 */
const FIRST_PRIORITY = 1000;

/** The one hub configuration of a model version. */
export function modelConfiguration(model: {
  readonly name: string;
  readonly version: string;
  readonly digest: string;
  readonly image: string;
}): ModelConfiguration {
  const { name, version, digest, image } = model;
  return {
    id: targetName(name, version),
    image,
    model: { name, version, digest },
    priority: FIRST_PRIORITY + Number(version),
  };
}

/** Digest in an image reference `repository@digest`; undefined when it names a tag only. */
export function digestIn(reference: string): string | undefined {
  return /@(sha256:[0-9a-f]+)$/.exec(reference)?.[1];
}

interface RestoreDeps {
  readonly hub: FleetHub;
  readonly registry: ModelVersions & ModelImages;
}

export interface RestorableTargets {
  /**
   * Image digest of each target whose configuration is there, or was made again from the registry.
   */
  readonly images: Readonly<Record<string, string>>;
  /** Targets without a configuration, of versions that the registry does not know either. */
  readonly unrestorable: readonly string[];
}

/**
 * Sees to it that the configurations of these targets exist: a device whose target has none would
 * run nothing.
 */
export async function restoreTargets(
  deps: RestoreDeps,
  targets: readonly string[],
): Promise<RestorableTargets> {
  const known = new Map((await deps.hub.configurations()).map((c) => [c.id, c.image]));
  const images: Record<string, string> = {};
  const unrestorable: string[] = [];
  for (const target of targets) {
    const image = known.get(target) ?? (await recreate(deps, target));
    if (image === undefined) unrestorable.push(target);
    else images[target] = digestIn(image) ?? '';
  }
  return { images, unrestorable };
}

async function recreate({ hub, registry }: RestoreDeps, target: string): Promise<string | undefined> {
  const { model: name, version } = parseTarget(target);
  if (!IDENTIFIERS.name.test(name) || !IDENTIFIERS.version.test(version)) return undefined;
  const model = await registry.model(name, version);
  const image = await registry.image(name, version);
  if (model === undefined || image === undefined) return undefined;
  const { digest } = model;
  await hub.ensureConfiguration(modelConfiguration({ name, version, digest, image: image.reference }));
  return image.reference;
}
