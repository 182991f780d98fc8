import { z } from 'zod';

export const digestSchema = z.string().regex(/^sha256:[0-9a-f]{64}$/, 'expected sha256:<64 hex digits>');

/**
 * A reference to stored bytes: what workflows pass around instead of the bytes. `size` is in bytes.
 */
export interface ArtefactRef {
  readonly digest: string;
  readonly size: number;
  readonly mediaType: string;
}

export const artefactRefSchema: z.ZodType<ArtefactRef> = z.object({
  digest: digestSchema,
  size: z.number().int().nonnegative(),
  mediaType: z.string(),
});

/** Every artefact that a value names, however deep. */
export function artefactsIn(value: unknown): ArtefactRef[] {
  if (typeof value !== 'object' || value === null) return [];
  const ref = artefactRefSchema.safeParse(value);
  if (ref.success) return [ref.data];
  return Object.values(value).flatMap(artefactsIn);
}
