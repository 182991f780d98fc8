import { z } from 'zod';
import { MODEL_STATES } from './model-state.ts';

/** A condition on a number among a version's metrics, e.g. `f1>=0.9` or `confusion.tp>100`. */
export interface MetricCondition {
  readonly path: readonly string[];
  readonly operator: '>' | '>=' | '<' | '<=' | '==' | '!=';
  readonly value: number;
}

const METRIC =
  /^\s*([A-Za-z_][\w-]*(?:\.[\w -]*[\w-])*)\s*(>=|<=|==|!=|=|>|<)\s*(-?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*$/;

/** `path operator number`, as a person writes it. */
export const metricConditionSchema = z
  .string()
  .regex(METRIC, 'expected a metric, a comparison and a number, e.g. "f1>=0.9" or "confusion.tp>100"')
  .transform((text): MetricCondition => {
    const [, path = '', operator = '', value = ''] = METRIC.exec(text) ?? [];
    const known = (operator === '=' ? '==' : operator) as MetricCondition['operator'];
    return { path: path.split('.'), operator: known, value: Number(value) };
  });

/** `key=value`. */
const tagConditionSchema = z
  .string()
  .regex(/^[^=]+=/, 'expected key=value, e.g. "site=north"')
  .transform((text) => ({ key: text.slice(0, text.indexOf('=')), value: text.slice(text.indexOf('=') + 1) }));

const time = z
  .string()
  .refine(
    (text) => !Number.isNaN(Date.parse(text)),
    'expected a time, e.g. "2026-03-01" or "2026-03-01T06:00:00Z"',
  )
  .transform((text) => new Date(text));

const many = <T extends z.ZodType>(item: T) =>
  z.preprocess((v) => (v === undefined ? [] : Array.isArray(v) ? v : [v]), z.array(item));

/** What model versions are searched by; conditions are joined by "and". */
export const modelSearchShape = {
  name: z.string().optional(),
  alias: z.string().optional(),
  /** sha256 of a data set, or of one of its files. */
  data: z.string().optional(),
  /** sha256 of the model file, or its beginning. */
  digest: z
    .string()
    .regex(/^(sha256:)?[0-9a-f]{6,64}$/, 'expected sha256:… with at least 6 hex digits')
    .transform((text) => (text.startsWith('sha256:') ? text : `sha256:${text}`))
    .optional(),
  state: z.enum(MODEL_STATES).optional(),
  metric: many(metricConditionSchema),
  tag: many(tagConditionSchema),
  since: time.optional(),
  until: time.optional(),
  /** Any words of name, author, parameters, data source, tags or comparison. */
  text: z.string().min(1).optional(),
} as const;

export const modelSearchSchema = z.strictObject({ ...modelSearchShape, limit: z.number().int().positive() });
export type ModelSearch = z.output<typeof modelSearchSchema>;
