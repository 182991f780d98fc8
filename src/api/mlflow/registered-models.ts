import { z } from 'zod';
import { parseSearch } from '../../domain/tracking/search.ts';
import { SEARCHABLE } from '../../domain/tracking/searchable.ts';
import { WindlassError } from '../../errors/windlass-error.ts';
import type { MlflowRegistry } from '../../ports/mlflow-registry.ts';
import { THROUGH_THE_DOOR } from './caller.ts';
import { endpoint } from './endpoint.ts';
import type { Door } from './endpoint.ts';
import { entityKey, modelName, registryTag, repeated, searchFields } from './fields.ts';
import { modelWire, nextPage, versionWire } from './wire.ts';
import { on, searchWithoutPrompts } from './model-versions.ts';

const byName = z.object({ name: modelName });
const alias = z.string().min(1, 'expected an alias');

/**
 * Registered models of the MLflow door and their aliases; the policy of the registry holds here
 * too.
 */
export function addRegisteredModels(door: Door, models: MlflowRegistry): void {
  const at = (path: string): string => `/mlflow/registered-models/${path}`;

  endpoint(
    door,
    {
      method: 'POST',
      path: at('create'),
      needs: on('build'),
      input: byName.extend({
        description: z.string().max(5_000).default(''),
        tags: z.array(registryTag).default([]),
      }),
    },
    async ({ input, actor }) => ({
      registered_model: modelWire(await models.createModel(input, { actor, ...THROUGH_THE_DOOR })),
    }),
  );
  endpoint(door, { method: 'GET', path: at('get'), input: byName }, async ({ input }) => ({
    registered_model: modelWire(await models.doorModel(input.name)),
  }));
  endpoint(
    door,
    {
      method: 'PATCH',
      path: at('update'),
      needs: on('tag'),
      input: byName.extend({ description: z.string().max(5_000).default('') }),
    },
    async ({ input, actor }) => ({
      registered_model: modelWire(
        await models.describeModel(input.name, input.description, { actor, ...THROUGH_THE_DOOR }),
      ),
    }),
  );
  endpoint(door, { method: 'POST', path: at('rename'), needs: 'read', input: byName }, async ({ input }) => {
    throw new WindlassError(
      'FORBIDDEN',
      `The model ${input.name} cannot be renamed: its name is part of every version's identity.`,
      {
        hint: 'Register versions under the new name.',
      },
    );
  });
  endpoint(
    door,
    { method: 'DELETE', path: at('delete'), needs: on('retire'), input: byName },
    ({ input, actor }) => models.deleteModel(input.name, { actor, ...THROUGH_THE_DOOR }),
  );
  endpoint(
    door,
    { method: 'GET', path: at('search'), input: z.object(searchFields(1_000, 100)) },
    async ({ input }) => {
      const search = searchWithoutPrompts(parseSearch(input, SEARCHABLE.registeredModels));
      const page = await models.searchModels(search);
      return { registered_models: page.items.map(modelWire), ...nextPage(page, search.offset) };
    },
  );
  for (const method of ['GET', 'POST'] as const)
    endpoint(
      door,
      {
        method,
        path: at('get-latest-versions'),
        needs: 'read',
        input: byName.extend({ stages: repeated }),
      },
      async ({ input: { name, stages } }) => {
        const { latest } = await models.doorModel(name);
        // Every version is in the stage "None": aliases have taken the place of stages.
        const asked = stages.length === 0 || stages.some((stage) => stage.toLowerCase() === 'none');
        return { model_versions: asked && latest !== undefined ? [versionWire(latest)] : [] };
      },
    );
  endpoint(
    door,
    { method: 'POST', path: at('set-tag'), needs: on('tag'), input: byName.extend(registryTag.shape) },
    ({ input, actor }) => models.setModelTag(input, { actor, ...THROUGH_THE_DOOR }),
  );
  endpoint(
    door,
    { method: 'DELETE', path: at('delete-tag'), needs: on('tag'), input: byName.extend({ key: entityKey }) },
    ({ input, actor }) => models.setModelTag({ ...input, value: null }, { actor, ...THROUGH_THE_DOOR }),
  );
  endpoint(
    door,
    {
      method: 'POST',
      path: at('alias'),
      needs: 'registry',
      input: byName.extend({ alias, version: z.string() }),
    },
    ({ input, actor, registry }) => registry.setAlias(input, { actor, ...THROUGH_THE_DOOR }),
  );
  endpoint(
    door,
    { method: 'DELETE', path: at('alias'), needs: 'registry', input: byName.extend({ alias }) },
    ({ input, actor, registry }) => registry.removeAlias(input, { actor, ...THROUGH_THE_DOOR }),
  );
  endpoint(
    door,
    { method: 'GET', path: at('alias'), input: byName.extend({ alias }) },
    async ({ input }) => ({
      model_version: versionWire(await models.versionByAlias(input.name, input.alias)),
    }),
  );
}
