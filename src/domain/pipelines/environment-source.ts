import type { ProjectSpec } from '../../contracts/project/project.ts';

/** What a project's environment is made from: exactly one of the three of windlass.yaml. */
export type EnvironmentSource =
  | { readonly kind: 'pip'; readonly path: string }
  | { readonly kind: 'conda'; readonly path: string }
  | { readonly kind: 'image'; readonly reference: string };

/**
 * The one of `lock`, `conda` and `image` that windlass.yaml gives; its schema lets exactly one
 * pass.
 */
export function environmentSource({ lock, conda, image }: ProjectSpec['environment']): EnvironmentSource {
  if (lock !== undefined) return { kind: 'pip', path: lock };
  if (conda !== undefined) return { kind: 'conda', path: conda };
  return { kind: 'image', reference: image ?? '' };
}
