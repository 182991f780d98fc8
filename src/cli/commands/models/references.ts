import { ALIASES } from '../../../contracts/names.ts';
import { WindlassError } from '../../../errors/windlass-error.ts';
import type { ModelRecord, ModelStanding, ModelVersion } from '../../../contracts/model/model-version.ts';
import type { Registry } from '../../../ports/registry/registry.ts';

/** As findModel, to look at: also a version that was imported without all its parts. */
export async function findRecord(registry: Registry, reference: string): Promise<ModelRecord> {
  const { name, version } = partsOf(reference);
  const found = await registry.record(name, version ?? ALIASES.champion);
  if (found !== undefined) return found;
  const [newest] = version === undefined ? await registry.search({ name, limit: 1 }) : [];
  return (newest && (await registry.record(name, newest.version))) ?? (await findModel(registry, reference));
}

/**
 * As findModel, of any version: what is only to be tagged, reviewed or taken out of use may lack
 * parts.
 */
export async function findStanding(registry: Registry, reference: string): Promise<ModelStanding> {
  const { name, version } = partsOf(reference);
  const found = await registry.standing(name, version ?? ALIASES.champion);
  if (found !== undefined) return found;
  const [newest] = version === undefined ? await registry.search({ name, limit: 1 }) : [];
  return newest ?? (await findModel(registry, reference));
}

function partsOf(reference: string): { readonly name: string; readonly version: string | undefined } {
  const match = /^([a-z][a-z0-9-]*)(?:@([a-z0-9][a-z0-9-]*))?$/.exec(reference);
  if (match === null)
    throw new WindlassError(
      'INPUT_INVALID',
      `"${reference}" is not a model: expected name, name@version or name@alias, e.g. pump-health@3.`,
    );
  return { name: match[1] ?? '', version: match[2] };
}

/**
 * The version that `name`, `name@version` or `name@alias` means; a name alone means its champion,
 * else its newest.
 */
export async function findModel(registry: Registry, reference: string): Promise<ModelVersion> {
  const { name, version } = partsOf(reference);
  const known = await registry.models({ name, limit: 10 });
  const wanted = await registry.model(name, version ?? ALIASES.champion);
  const found = wanted ?? (version === undefined ? known[0] : undefined);
  if (found !== undefined) return found;
  const list = known.map((m) => [m.version, ...m.aliases].join(' = ')).join(', ');
  throw new WindlassError(
    'NOT_FOUND',
    known.length === 0
      ? `No version of the model "${name}" is registered.`
      : `There is no model version ${reference}; the newest are ${list}.`,
  );
}
