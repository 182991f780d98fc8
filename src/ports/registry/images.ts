import type { Actor } from '../../contracts/audit.ts';
import type { PackagedImage } from '../../contracts/packaging/image.ts';

/** The packaged image of each version. */
export interface ModelImages {
  recordImage(model: { name: string; version: string }, image: PackagedImage, by?: Actor): Promise<void>;
  image(name: string, version: string): Promise<PackagedImage | undefined>;
}
