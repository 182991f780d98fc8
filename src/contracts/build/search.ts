import { z } from 'zod';
import type { ArtefactRef } from '../artefact.ts';
import type { DataRef } from '../data/data-set.ts';

const choiceSchema = z.strictObject({
  choice: z.array(z.unknown()).min(1, 'the list is empty: give at least one value'),
});

const PAIR = 'expected [lowest, highest], two numbers, e.g. [0.01, 10]';
const rangeSchema = z
  .strictObject({
    range: z.tuple([z.number(PAIR), z.number(PAIR)], PAIR),
    /** Even on a logarithmic scale. */
    log: z.boolean().default(false),
    /** Whole numbers only, both ends included. */
    integer: z.boolean().default(false),
    /** Points to try on this range in a grid. */
    steps: z.number().int().min(2, 'expected a whole number of 2 or more').optional(),
  })
  .superRefine(({ range: [min, max], log, integer }, ctx) => {
    const refuse = (message: string): void => ctx.addIssue({ code: 'custom', path: ['range'], message });
    const got = `got [${min}, ${max}]`;
    if (min >= max) refuse(`the lowest value must be below the highest, ${got}`);
    if (log && min <= 0) refuse(`a logarithmic range must lie above 0, ${got}`);
    if (integer && !(Number.isInteger(min) && Number.isInteger(max)))
      refuse(`with integer: true both ends must be whole numbers, ${got}`);
  });

export const paramsSchema = z
  .record(z.string(), z.unknown())
  .superRefine((params, ctx) => {
    for (const [name, value] of Object.entries(params)) {
      if (typeof value !== 'object' || value === null || Array.isArray(value)) continue;
      if (!('choice' in value) && !('range' in value)) continue;
      const parsed = ('choice' in value ? choiceSchema : rangeSchema).safeParse(value);
      for (const { path, message } of parsed.error?.issues ?? [])
        ctx.addIssue({ code: 'custom', path: [name, ...path], message });
    }
  })
  .describe(
    'Parameters of the train command by name. A value `{choice: [...]}` or `{range: [a, b], log, integer, steps}` ' +
      'is searched; where `train.search` is declared, a plain list is a choice too. Everything else is passed on as it is.',
  );

/** What is left out has the default of `planSearch`. */
export const searchSchema = z
  .strictObject({
    trials: z
      .number()
      .int()
      .min(1, 'expected at least 1 trial')
      .max(200, 'expected at most 200')
      .optional()
      .describe('Most trials; when not set 20 for `random`, the whole grid for `grid`.'),
    parallel: z
      .number()
      .int()
      .min(1, 'expected at least 1')
      .max(64)
      .optional()
      .describe('Trials at the same time, limited by the training workers too; 4 when not set.'),
    strategy: z
      .enum(['random', 'grid'])
      .optional()
      .describe('`random` draws distinct points, `grid` takes all combinations; `random` when not set.'),
    folds: z
      .number()
      .int()
      .min(2, 'expected at least 2: each is judged by a model of the others')
      .optional()
      .describe(
        'How many of `evaluation.folds` choose the parameters; half of them when not set. The others measure.',
      ),
  })
  .describe('How parameters are searched.');
export type SearchOptions = z.infer<typeof searchSchema>;
export type SearchStrategy = NonNullable<SearchOptions['strategy']>;

/** One trial before it runs. */
export interface TrialPlan {
  /** From 1; with the seed of the run it decides values and seed of the trial. */
  readonly trial: number;
  /** Values of the searched parameters alone. */
  readonly params: Readonly<Record<string, unknown>>;
  readonly seed: number;
}

/**
 * One trial of a search as it went: also those that failed, or that somebody cancelled by
 * themselves, are recorded.
 */
export interface TrialResult extends TrialPlan {
  readonly status: 'done' | 'failed' | 'cancelled';
  /** The metric on the validation groups; null when the trial was not done. */
  readonly metric: number | null;
  /** Wall seconds; those of the run that did it when it was reused. */
  readonly seconds: number;
  readonly cached: boolean;
  /** Why it was not done. */
  readonly reason?: string;
}

/** Folds and how many groups they hold. */
export interface FoldGroups {
  readonly folds: readonly number[];
  readonly groups: number;
}

export interface SearchResult {
  readonly metric: 'f1';
  readonly strategy: SearchStrategy;
  readonly parallel: number;
  /** What trials were judged by. No trial was given a group of `evaluation`. */
  readonly validation: FoldGroups;
  /** What the chosen model was measured on. */
  readonly evaluation: FoldGroups;
  readonly trials: readonly TrialResult[];
  readonly best: TrialResult;
  readonly seconds: number;
}

/**
 * What a model version keeps of the search that it came from, or of the folds that it was built
 * without.
 */
export interface SearchRecord {
  /** SearchResult as JSON; absent when `validationFolds` were given and nothing was searched. */
  readonly report?: ArtefactRef;
  /**
   * Folds whose groups trained the model and were not measured; a build again gives them as
   * `validationFolds`.
   */
  readonly folds: readonly number[];
  /** The snapshot with those folds taken out, as training and evaluation were given it. */
  readonly data: DataRef;
}
