import { z } from 'zod';

/** MLflow's own limits (of its 3.x server), in characters and entries. */
export const LIMITS = {
  key: 250,
  paramValue: 6_000,
  tagValue: 8_000,
  experimentName: 500,
  experimentTagValue: 20_000,
  registryTagValue: 100_000,
  batchMetrics: 1_000,
  batchParams: 100,
  batchTags: 100,
  batchTotal: 1_000,
} as const;

/** 64-bit whole numbers come as numbers or, as protobuf writes them, as text. */
export const int64 = z
  .union([
    z.number(),
    z
      .string()
      .regex(/^-?\d{1,19}$/, 'expected a whole number')
      .transform(Number),
  ])
  .pipe(z.number().int('expected a whole number'));

export const time = int64.refine((at) => at >= 0, 'expected milliseconds since 1970');

/** Numbers that JSON cannot write come as text: "NaN", "Infinity", "-Infinity". */
export const double = z.union([
  z.number(),
  z
    .string()
    .regex(/^(NaN|-?Infinity|[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?)$/, 'expected a number')
    .transform(Number),
]);

export const name = z.string().min(1, 'expected a name');

/** Name of a registered model: a segment of a path, and a part of URIs such as models:/name/1. */
export const modelName = name
  .max(250, 'expected at most 250 characters')
  .regex(/^[^/:@\u0000-\u001f\\]+$/, 'expected a name without / : @ and backslashes')
  .refine((text) => text.trim() !== '' && text !== '.' && text !== '..', 'expected a name');

/**
 * Names of params, metrics and tags: parts of paths in other places, so none may be read as another
 * path.
 */
export const entityKey = z
  .string()
  .min(1, 'expected a key')
  .max(LIMITS.key, `expected at most ${LIMITS.key} characters`)
  .regex(
    /^[/\p{L}\p{N}_.\- :]+$/u,
    'expected letters, digits, underscores, dashes, periods, spaces, colons and slashes only',
  )
  .refine(
    (key) =>
      !key.startsWith('/') && key.split('/').every((part) => part !== '' && part !== '.' && part !== '..'),
    'expected a name that is not read as another path',
  );

const value = (longest: number) =>
  z.string().max(longest, `expected at most ${longest} characters`).default('');
/** MLflow's server cuts what runs log at its limit rather than lose the run. */
const cutValue = (longest: number) =>
  z
    .string()
    .default('')
    .transform((text) => text.slice(0, longest));

export const param = z.object({ key: entityKey, value: cutValue(LIMITS.paramValue) });
export const runTag = z.object({ key: entityKey, value: cutValue(LIMITS.tagValue) });
export const experimentTag = z.object({ key: entityKey, value: value(LIMITS.experimentTagValue) });
export const registryTag = z.object({ key: entityKey, value: value(LIMITS.registryTagValue) });

export const metric = z
  .object({
    key: entityKey,
    value: double,
    timestamp: time,
    step: int64.default(0),
    model_id: z.string().optional(),
    dataset_name: z.string().optional(),
    dataset_digest: z.string().optional(),
  })
  .transform((point) => ({
    key: point.key,
    value: point.value,
    step: point.step,
    at: point.timestamp,
    modelId: point.model_id,
    datasetName: point.dataset_name,
    datasetDigest: point.dataset_digest,
  }));

/** A run is named by `run_id`; very old clients say `run_uuid`. */
export const runId = z.string().min(1, 'expected the id of a run');

/** A repeated field: in a query a single entry comes alone. */
export const repeated = z.union([z.array(z.string()), z.string().transform((one) => [one])]).default([]);

/** The fields that all searches share. */
export const searchFields = (most: number, usual: number) => ({
  filter: z.string().optional(),
  order_by: repeated,
  page_token: z.string().optional(),
  max_results: int64.refine((n) => n >= 1 && n <= most, `expected 1 to ${most}`).default(usual),
});
