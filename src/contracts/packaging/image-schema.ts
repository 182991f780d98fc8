import { z } from 'zod';
import { countSchema, objectOf } from '../object-schema.ts';
import { IMAGE_MODES, type PackagedImage, type PlatformImage } from './image.ts';

const platformImageSchema = objectOf<PlatformImage>({
  platform: z.string(),
  digest: z.string(),
  layers: z.array(z.string()),
  size: countSchema,
});

export const packagedImageSchema = objectOf<PackagedImage>({
  digest: z.string(),
  repository: z.string(),
  reference: z.string(),
  platforms: z.array(platformImageSchema),
  mode: z.enum(IMAGE_MODES),
}).meta({ id: 'PackagedImage' });
