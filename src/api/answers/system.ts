import { z } from '@hono/zod-openapi';

export const aliveAnswer = z.object({ status: z.literal('ok') }).meta({ id: 'Alive' });

export const readyAnswer = z
  .object({
    ready: z.boolean(),
    parts: z.record(z.string(), z.string()).describe('"ok" or what is wrong, by part'),
  })
  .meta({ id: 'Ready' });
