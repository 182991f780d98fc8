import { z } from 'zod';
import { relativePathSchema } from './relative-path.ts';

/** Where checks and training run: exactly one of lock file, conda file and container image. */
export const environmentSchema = z
  .strictObject({
    /** A pip lock file with hashes (`pip install --require-hashes -r`). */
    lock: relativePathSchema.optional(),
    /** A conda file with one version per package, built by micromamba. */
    conda: relativePathSchema.optional(),
    /** `name@sha256:…`, pulled where it is absent, or `sha256:…`, an image of the training worker's engine. It needs /bin/sh. */
    image: z
      .string()
      .regex(/^([\w.-]+[\w./:-]*@)?sha256:[0-9a-f]{64}$/, 'expected an image by digest, "name@sha256:…"')
      .optional(),
    /** What a container of the image may use: cores, GPUs, and whether it has a network. Memory: `train.memoryMb`. */
    cpus: z.number().positive().optional(),
    gpus: z.union([z.number().int().positive(), z.literal('all')]).optional(),
    network: z.boolean().optional(),
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
  });
