import { z } from 'zod';
import { newNameSchema } from '../identifier-schemas.ts';

const share = z.number().min(0).max(1);

/** Limits on what a model does with evaluated windows; shares are 0..1. */
const evaluationLimitsSchema = z
  .strictObject({
    minF1: share.optional().describe('Lowest F1.'),
    maxFalseAlarmRate: share.optional().describe('Largest share of normal windows that alarm.'),
    maxMissedAlarmRate: share.optional().describe('Largest share of anomalous windows that do not alarm.'),
  })
  .default({});

const sliceSchema = z
  .strictObject({
    name: newNameSchema.describe('Name of the slicing: lower-case letters, digits and dashes.'),
    column: z
      .string()
      .min(1)
      .optional()
      .describe('Column of the data files whose values are the slices. Give either this or `path`.'),
    path: z
      .string()
      .regex(/^[^{}]*\{\}[^{}]*$/, 'expected one {} where the value stands, e.g. "{}/"')
      .optional()
      .describe(
        "Pattern of a file's path: `{}` is the slice's value, `*` anything within a folder's name, " +
          'the rest must match from the start, e.g. `{}/` or `plant-*_{}_`.',
      ),
    expected: z
      .array(z.string().min(1))
      .default([])
      .describe('Values that must be there; a missing one fails the evaluation.'),
    minWindows: z
      .number()
      .int()
      .positive()
      .default(30)
      .describe('Fewest windows of each class that a slice is judged by.'),
    minGroups: z.number().int().min(2).default(4).describe('Fewest groups that a slice is judged by.'),
    gates: evaluationLimitsSchema.describe('Demands on every slice that has enough windows.'),
  })
  .refine((s) => (s.column === undefined) !== (s.path === undefined), {
    message: 'expected either column or path',
    path: ['column'],
  });
export type SliceSpec = z.infer<typeof sliceSchema>;

const costsSchema = z.strictObject({
  falseAlarm: z.number().nonnegative().describe('Cost of a false alarm.'),
  missedAlarm: z.number().nonnegative().describe('Cost of a missed alarm.'),
});

const guardrailsSchema = z
  .strictObject({
    falseAlarmRate: share.default(0.05).describe('Allowed rise of the share of normal windows that alarm.'),
    missedAlarmRate: share
      .default(0.05)
      .describe('Allowed rise of the share of anomalous windows that do not alarm.'),
    cost: z
      .number()
      .nonnegative()
      .default(0.1)
      .describe("Allowed rise of the cost, as a share of the champion's cost."),
    sliceF1: share.default(0.1).describe('Allowed loss of F1 in a slice.'),
  })
  .prefault({});

export const evaluationSchema = z
  .strictObject({
    folds: z
      .number()
      .int()
      .min(2)
      .max(20)
      .default(4)
      .describe(
        "Number of folds. A file's fold is the last number in its name modulo folds, " +
          'or a seeded hash of its path where there is no number.',
      ),
    include: z
      .array(z.string())
      .default([])
      .describe('Score only files whose path in the data folder begins so; all files may train.'),
    gates: evaluationLimitsSchema.describe('Demands on the whole evaluation.'),
    nonInferiorityMargin: share
      .default(0.03)
      .describe('Largest loss of F1 against the champion that still counts as not inferior.'),
    slices: z
      .array(sliceSchema)
      .max(10)
      .default([])
      .describe('Kinds of windows that are judged separately, e.g. by site; at most 10.'),
    costs: costsSchema
      .optional()
      .describe(
        'What a wrong decision costs, in any unit; one decision per window length. ' +
          'Without it each wrong decision counts 1.',
      ),
    guardrails: guardrailsSchema.describe('What a challenger may lose beside F1 before it is refused.'),
  })
  .prefault({})
  .describe('How the model is measured and compared.');
