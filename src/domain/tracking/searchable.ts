import type { Comparator, SearchEntity } from '../../contracts/mlflow/tracking.ts';

/**
 * What one kind of search can compare: which entities, which attributes of which type, and which of
 * them take lists.
 */
export interface Searchable {
  readonly entities: readonly SearchEntity[];
  readonly attributes: Readonly<Record<string, 'text' | 'number'>>;
  /** Other names of attributes. */
  readonly aliases: Readonly<Record<string, string>>;
  /** Attributes that may stand before IN and NOT IN. */
  readonly lists: readonly string[];
  /**
   * Attributes that results may be ordered by; entities other than attributes only where
   * `orderEntities` has them.
   */
  readonly order: readonly string[];
  readonly orderEntities: readonly SearchEntity[];
}

const NUMERIC: readonly Comparator[] = ['=', '!=', '<', '<=', '>', '>='];
const TEXT: readonly Comparator[] = ['=', '!=', 'LIKE', 'ILIKE'];
const LIST: readonly Comparator[] = ['IN', 'NOT IN'];
const NULLS: readonly Comparator[] = ['IS NULL', 'IS NOT NULL'];

export const DATASET_KEYS = ['name', 'digest', 'context'] as const;

export const SEARCHABLE = {
  experiments: {
    entities: ['attribute', 'tag'],
    attributes: {
      name: 'text',
      experiment_id: 'text',
      creation_time: 'number',
      last_update_time: 'number',
    },
    aliases: {},
    lists: ['experiment_id'],
    order: ['name', 'experiment_id', 'creation_time', 'last_update_time'],
    orderEntities: [],
  },
  runs: {
    entities: ['attribute', 'metric', 'param', 'tag', 'dataset'],
    attributes: {
      run_id: 'text',
      run_name: 'text',
      user_id: 'text',
      status: 'text',
      artifact_uri: 'text',
      start_time: 'number',
      end_time: 'number',
    },
    aliases: {
      created: 'start_time',
      Created: 'start_time',
      'run name': 'run_name',
      'Run name': 'run_name',
      'Run Name': 'run_name',
    },
    lists: ['run_id'],
    order: ['run_id', 'run_name', 'user_id', 'status', 'artifact_uri', 'start_time', 'end_time'],
    orderEntities: ['metric', 'param', 'tag'],
  },
  loggedModels: {
    entities: ['attribute', 'metric', 'param', 'tag'],
    attributes: {
      name: 'text',
      model_id: 'text',
      model_type: 'text',
      status: 'text',
      source_run_id: 'text',
      creation_timestamp: 'number',
      last_updated_timestamp: 'number',
    },
    aliases: { creation_time: 'creation_timestamp', last_updated_time: 'last_updated_timestamp' },
    lists: ['name', 'model_id', 'model_type', 'status', 'source_run_id'],
    order: [
      'name',
      'model_id',
      'model_type',
      'status',
      'source_run_id',
      'creation_timestamp',
      'last_updated_timestamp',
    ],
    orderEntities: ['metric'],
  },
  registeredModels: {
    entities: ['attribute', 'tag'],
    attributes: { name: 'text' },
    aliases: {},
    lists: ['name'],
    order: ['name', 'creation_timestamp', 'last_updated_timestamp'],
    orderEntities: [],
  },
  modelVersions: {
    entities: ['attribute', 'tag'],
    attributes: { name: 'text', version_number: 'number', run_id: 'text', source_path: 'text' },
    aliases: {},
    lists: ['name', 'run_id'],
    order: ['name', 'version_number', 'creation_timestamp', 'last_updated_timestamp'],
    orderEntities: [],
  },
} as const satisfies Record<string, Searchable>;

/** The comparators that may stand between a key and its value. */
export function comparatorsOf(
  searchable: Searchable,
  { entity, key }: { entity: SearchEntity; key: string },
): readonly Comparator[] {
  switch (entity) {
    case 'metric':
      return NUMERIC;
    case 'param':
    case 'tag':
      return [...TEXT, ...NULLS];
    case 'dataset':
      return [...TEXT, ...LIST];
    case 'attribute':
      if (searchable.attributes[key] === 'number') return NUMERIC;
      return searchable.lists.includes(key) ? [...TEXT, ...LIST] : TEXT;
  }
}
