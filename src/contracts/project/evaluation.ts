import { z } from 'zod';
import { newNameSchema } from '../identifier-schemas.ts';

/** Limits on what a model does with evaluated windows; shares are 0..1. */
const evaluationLimitsSchema = z
  .strictObject({
    minF1: z.number().min(0).max(1).optional(),
    maxFalseAlarmRate: z.number().min(0).max(1).optional(),
    maxMissedAlarmRate: z.number().min(0).max(1).optional(),
  })
  .default({});

/**
 * A way to slice the evaluated windows: by a column of the data files, or by the file's path, where `{}` stands for the slice's
 * value and `*` for anything within a folder's name, e.g. `{}/` or `plant-*_{}_`; the rest must match from the start.
 */
const sliceSchema = z
  .strictObject({
    name: newNameSchema,
    column: z.string().min(1).optional(),
    path: z
      .string()
      .regex(/^[^{}]*\{\}[^{}]*$/, 'expected one {} where the value stands, e.g. "{}/"')
      .optional(),
    /** Values that must be there; one that is missing fails the evaluation. */
    expected: z.array(z.string().min(1)).default([]),
    /** Fewest windows of each class, and fewest groups, that a slice is judged by. */
    minWindows: z.number().int().positive().default(30),
    minGroups: z.number().int().min(2).default(4),
    /** Demands on every slice that has enough windows. */
    gates: evaluationLimitsSchema,
  })
  .refine((s) => (s.column === undefined) !== (s.path === undefined), {
    message: 'expected either column or path',
    path: ['column'],
  });
export type SliceSpec = z.infer<typeof sliceSchema>;

/** How the model is measured and compared. */
export const evaluationSchema = z
  .strictObject({
    /** Groups (files) are split into this many folds by the file's number modulo folds, or by a seeded hash of its name. */
    folds: z.number().int().min(2).max(20).default(4),
    /** Only files whose path (relative to the data folder) matches one of these prefixes are scored; all may train. */
    include: z.array(z.string()).default([]),
    gates: evaluationLimitsSchema,
    /** Largest loss of F1 against the champion that still counts as not inferior. */
    nonInferiorityMargin: z.number().min(0).max(1).default(0.03),
    /** Kinds of windows that are judged apart, e.g. by site. */
    slices: z.array(sliceSchema).max(10).default([]),
    /** What a wrong decision costs, in any unit; one decision per window length. Undeclared, each wrong decision counts 1. */
    costs: z
      .strictObject({ falseAlarm: z.number().nonnegative(), missedAlarm: z.number().nonnegative() })
      .optional(),
    /** What a challenger may lose beside F1 before it is refused: shares of windows, share of the champion's cost, F1 of a slice. */
    guardrails: z
      .strictObject({
        falseAlarmRate: z.number().min(0).max(1).default(0.05),
        missedAlarmRate: z.number().min(0).max(1).default(0.05),
        cost: z.number().nonnegative().default(0.1),
        sliceF1: z.number().min(0).max(1).default(0.1),
      })
      .prefault({}),
  })
  .prefault({});
