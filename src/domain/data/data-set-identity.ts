import type { DataFile } from '../../contracts/data/data-manifest.ts';
import { canonicalJson } from '../../base/canonical-json.ts';

/**
 * What the digest of a data set is taken of: all that decides a training, so without times, which
 * follow from the content.
 */
export function dataSetIdentity(files: readonly DataFile[]): string {
  const identity = files.map(({ from: _from, to: _to, ...file }) => file);
  return canonicalJson({ schema: 'windlass.data/1', files: identity });
}
