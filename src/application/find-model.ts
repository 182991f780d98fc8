import type { ModelRecord, ModelStanding, ModelVersion } from '../contracts/model/model-version.ts';
import { ALIASES } from '../contracts/names.ts';
import { parseReference, type Reference } from '../domain/registry/reference.ts';
import { WindlassError } from '../errors/windlass-error.ts';
import type { ModelFinder } from '../ports/registry/model-search.ts';
import type { ModelVersions } from '../ports/registry/model-versions.ts';

type Search = Pick<ModelFinder, 'search'>;

/** The parts of the registry that findModel asks. */
export type ModelLookUp = Search & Pick<ModelVersions, 'model' | 'models'>;

/** The parts of a model reference; throws INPUT_INVALID. */
export function modelReference(text: string): Reference {
  const reference = parseReference(text);
  if (reference !== undefined) return reference;
  throw new WindlassError(
    'INPUT_INVALID',
    `"${text}" is not a model: expected name, name@version or name@alias, e.g. pump-health@3.`,
  );
}

/**
 * The version that `name`, `name@version` or `name@alias` means; a name alone means its champion,
 * else its newest. Throws INPUT_INVALID, NOT_FOUND, and GATE_FAILED for a version that was imported
 * without all its parts.
 */
export async function findModel(registry: ModelLookUp, reference: string): Promise<ModelVersion> {
  const { name, version } = modelReference(reference);
  const found = await registry.model(name, version ?? ALIASES.champion);
  if (found !== undefined) return found;
  const [newest] = version === undefined ? await registry.models({ name, limit: 1 }) : [];
  return newest ?? (await refuse(registry, reference));
}

/** As findModel, to look at: also a version that was imported without all its parts. */
export async function findRecord(
  registry: Search & Pick<ModelVersions, 'record'>,
  reference: string,
): Promise<ModelRecord> {
  const { name, version } = modelReference(reference);
  const found = await registry.record(name, version ?? ALIASES.champion);
  if (found !== undefined) return found;
  const [newest] = version === undefined ? await registry.search({ name, limit: 1 }) : [];
  return (newest && (await registry.record(name, newest.version))) ?? (await refuse(registry, reference));
}

/**
 * As findModel, of any version: what is only to be tagged, reviewed or taken out of use may lack
 * parts.
 */
export async function findStanding(
  registry: Search & Pick<ModelVersions, 'standing'>,
  reference: string,
): Promise<ModelStanding> {
  const { name, version } = modelReference(reference);
  const found = await registry.standing(name, version ?? ALIASES.champion);
  if (found !== undefined) return found;
  const [newest] = version === undefined ? await registry.search({ name, limit: 1 }) : [];
  return newest ?? (await refuse(registry, reference));
}

/** Throws NOT_FOUND that says which versions there are. */
async function refuse(registry: Search, reference: string): Promise<never> {
  const { name } = modelReference(reference);
  const known = await registry.search({ name, limit: 10 });
  const list = known.map(({ version, aliases }) =>
    aliases.length === 0 ? version : `${version} (${aliases.join(', ')})`,
  );
  throw new WindlassError(
    'NOT_FOUND',
    known.length === 0
      ? `No version of the model "${name}" is registered.`
      : `There is no model version ${reference}; the newest are ${list.join(', ')}.`,
    { hint: 'Train a version with `windlass train`, or see `windlass models list`.' },
  );
}
