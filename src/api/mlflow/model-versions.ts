import { z } from 'zod';
import type { Action } from '../../contracts/roles.ts';
import type { KeyValue, Search, SearchClause } from '../../contracts/mlflow/tracking.ts';
import { versionArtefactUri } from '../../domain/tracking/artefact-paths.ts';
import { parseSearch } from '../../domain/tracking/search.ts';
import { SEARCHABLE } from '../../domain/tracking/searchable.ts';
import { WindlassError } from '../../errors/windlass-error.ts';
import type { MlflowRegistry } from '../../ports/mlflow-registry.ts';
import { THROUGH_THE_DOOR } from './caller.ts';
import { endpoint } from './endpoint.ts';
import type { Door } from './endpoint.ts';
import { entityKey, modelName, registryTag, searchFields } from './fields.ts';
import { resolveSource } from './version-source.ts';
import type { SourceDeps } from './version-source.ts';
import { nextPage, versionWire } from './wire.ts';

/** An action on the model that the request names. */
export const on =
  (action: Action) =>
  ({ name: project }: { name: string }) => ({ action, project });

const byVersion = z.object({ name: modelName, version: z.string() });
const description = z.string().max(5_000).default('');
const isFact = ({ key }: KeyValue): boolean => key.startsWith('windlass.');
const ownTag = registryTag.refine(
  (tag) => !isFact(tag),
  'tags that begin with "windlass." are written by Windlass itself',
);

/**
 * A client that copies a version sends its tags along; what Windlass knows of the one is not true
 * of the other.
 */
const withoutFacts = (tags: KeyValue[]): KeyValue[] => tags.filter((tag) => !isFact(tag));

export interface VersionDeps extends SourceDeps {
  readonly models: MlflowRegistry;
}

/**
 * Model versions of the MLflow door: Windlass's own to read, and new ones, which nothing has judged
 * yet.
 */
export function addModelVersions(door: Door, deps: VersionDeps): void {
  const { models } = deps;
  const at = (path: string): string => `/mlflow/model-versions/${path}`;

  endpoint(
    door,
    {
      method: 'POST',
      path: at('create'),
      needs: on('build'),
      input: z.object({
        name: modelName,
        source: z.string().min(1, 'expected a URI'),
        run_id: z.string().default(''),
        run_link: z.string().default(''),
        model_id: z.string().default(''),
        description,
        tags: z.array(registryTag).default([]).transform(withoutFacts),
      }),
    },
    async ({ input: { name, source, description: text, tags, run_link, run_id, model_id }, actor }) => {
      await models.doorModel(name);
      const found = await resolveSource(deps, { source, runId: run_id || null, modelId: model_id || null });
      const version = await models.createVersion(
        { name, source, tags, ...found, description: text, runLink: run_link || null },
        { actor, ...THROUGH_THE_DOOR },
      );
      return { model_version: versionWire(version) };
    },
  );
  endpoint(door, { method: 'GET', path: at('get'), input: byVersion }, async ({ input }) => ({
    model_version: versionWire(await models.doorVersion(input.name, input.version)),
  }));
  endpoint(
    door,
    { method: 'PATCH', path: at('update'), needs: on('tag'), input: byVersion.extend({ description }) },
    async ({ input, actor }) => ({
      model_version: versionWire(await models.describeVersion(input, { actor, ...THROUGH_THE_DOOR })),
    }),
  );
  endpoint(
    door,
    { method: 'DELETE', path: at('delete'), needs: on('retire'), input: byVersion },
    ({ input, actor }) => models.withdrawVersion(input, { actor, ...THROUGH_THE_DOOR }),
  );
  endpoint(
    door,
    { method: 'GET', path: at('search'), input: z.object(searchFields(200_000, 10_000)) },
    async ({ input }) => {
      const search = searchWithoutPrompts(parseSearch(input, SEARCHABLE.modelVersions));
      const page = await models.searchVersions(search);
      return { model_versions: page.items.map(versionWire), ...nextPage(page, search.offset) };
    },
  );
  endpoint(door, { method: 'GET', path: at('get-download-uri'), input: byVersion }, async ({ input }) => {
    const { name, version } = await models.doorVersion(input.name, input.version);
    return { artifact_uri: versionArtefactUri({ name, version }) };
  });
  endpoint(
    door,
    { method: 'POST', path: at('set-tag'), needs: 'registry', input: byVersion.and(ownTag) },
    ({ input: { name, version, key, value }, actor, registry }) =>
      registry.setTags({ name, version, tags: { [key]: value } }, { actor, ...THROUGH_THE_DOOR }),
  );
  endpoint(
    door,
    {
      method: 'DELETE',
      path: at('delete-tag'),
      needs: 'registry',
      input: byVersion.extend({ key: entityKey }),
    },
    ({ input: { name, version, key }, actor, registry }) =>
      registry.setTags({ name, version, tags: { [key]: null } }, { actor, ...THROUGH_THE_DOOR }),
  );
  endpoint(
    door,
    { method: 'POST', path: at('transition-stage'), needs: 'read', input: byVersion },
    async ({ input }) => {
      throw new WindlassError(
        'FORBIDDEN',
        `${input.name}@${input.version} has no stage: Windlass has aliases instead.`,
        {
          hint: 'Use set_registered_model_alias, e.g. with "champion".',
        },
      );
    },
  );
}

/**
 * MLflow's client asks to leave out prompts, which Windlass does not keep: a clause that holds for
 * every model here.
 */
export function searchWithoutPrompts(search: Search): Search {
  const leavesOutPrompts = ({ entity, key, comparator, value }: SearchClause): boolean =>
    entity === 'tag' &&
    key === 'mlflow.prompt.is_prompt' &&
    ((comparator === '!=' && value === 'true') || (comparator === '=' && value === 'false'));
  return { ...search, clauses: search.clauses.filter((clause) => !leavesOutPrompts(clause)) };
}
