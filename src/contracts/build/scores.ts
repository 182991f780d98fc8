import { z } from 'zod';

/**
 * Scores of every scored window of an evaluation, kept as an artefact so that a later comparison
 * can pair them.
 */
export const scoresFileSchema = z.object({
  schema: z.literal('windlass.scores/2'),
  groups: z.array(
    z.object({
      group: z.string(),
      sha256: z.string(),
      fold: z.number().int(),
      /** Median time between two rows of the file; null when its times cannot be read. */
      secondsPerRow: z.number().positive().nullable(),
      /** Rows of the file whose window (ending there) was scored. */
      rows: z.array(z.number().int()),
      scores: z.array(z.number()),
      labels: z.array(z.number().int()),
      /** Largest |z| of any column in the window's last row, by the group's own calibration. */
      deviations: z.array(z.number()),
      /**
       * Per slice of windlass.yaml its value: one for the whole group, or one per scored window.
       */
      slices: z.record(z.string(), z.union([z.string(), z.array(z.string())])),
    }),
  ),
});
export type ScoresFile = z.infer<typeof scoresFileSchema>;
export type GroupScores = ScoresFile['groups'][number];
