import { z } from 'zod';
import { relativePathSchema } from './relative-path.ts';

export const environmentSchema = z
  .strictObject({
    lock: relativePathSchema
      .optional()
      .describe('A pip lock file with hashes (`pip install --require-hashes -r`).'),
    conda: relativePathSchema
      .optional()
      .describe('A conda file with one version per package, built by micromamba.'),
    image: z
      .string()
      .regex(/^([\w.-]+[\w./:-]*@)?sha256:[0-9a-f]{64}$/, 'expected an image by digest, "name@sha256:…"')
      .optional()
      .describe(
        '`name@sha256:…`, pulled if it is missing, or `sha256:…`, an image that the training ' +
          "worker's engine has. It needs /bin/sh.",
      ),
    cpus: z.number().positive().optional().describe('Cores that a container of the image may use.'),
    gpus: z
      .union([z.number().int().positive(), z.literal('all')])
      .optional()
      .describe('GPUs that a container of the image may use.'),
    network: z.boolean().optional().describe('`true`: a container of the image has a network.'),
  })
  .refine((e) => [e.lock, e.conda, e.image].filter((given) => given !== undefined).length === 1, {
    error:
      'expected exactly one of lock (requirements.lock), conda (environment.yaml) and image (name@sha256:…)',
  })
  .superRefine(({ image, cpus, gpus, network }, ctx) => {
    if (image !== undefined) return;
    for (const [name, value] of Object.entries({ cpus, gpus, network }))
      if (value !== undefined)
        ctx.addIssue({ code: 'custom', path: [name], message: 'bounds a container: it needs an image' });
  })
  .describe('Where checks and training run: exactly one of `lock`, `conda` and `image`.');
