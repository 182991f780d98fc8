import { WindlassError } from '../../errors/windlass-error.ts';

/**
 * The clean relative form of a path inside an image or tar (`./a//b/` → `a/b`); throws
 * PACKAGING_FAILED when it would leave the root.
 */
export function imagePath(path: string): string {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  if (path.includes('\0') || path.includes('\\') || parts.includes('..'))
    throw new WindlassError(
      'PACKAGING_FAILED',
      `The path "${path}" leaves the image's root; it is refused.`,
      {
        hint: 'The archive is broken or was made to harm; build it again.',
        details: { path },
      },
    );
  return parts.join('/');
}

/** All folders above a path, outermost first: `a/b/c` → `a`, `a/b`. */
export function parentsOf(path: string): string[] {
  const parts = path.split('/').slice(0, -1);
  return parts.map((_, i) => parts.slice(0, i + 1).join('/'));
}

/** Byte order, the same on every machine whatever its locale. */
export function comparePaths(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
