import { z } from 'zod';

/** Scores of every scored window of an evaluation, kept as an artefact so that a later comparison can pair them. */
export const scoresFileSchema = z.object({
  schema: z.literal('windlass.scores/1'),
  groups: z.array(
    z.object({
      group: z.string(),
      sha256: z.string(),
      fold: z.number().int(),
      /** Rows of the file whose window (ending there) was scored. */
      rows: z.array(z.number().int()),
      scores: z.array(z.number()),
      labels: z.array(z.number().int()),
    }),
  ),
});
export type ScoresFile = z.infer<typeof scoresFileSchema>;
