import type { DataRef } from '../../src/contracts/data/data-set.ts';
import { dataManifestSchema } from '../../src/contracts/data/data-manifest.ts';
import type { DataFile, DataManifest } from '../../src/contracts/data/data-manifest.ts';
import { dataSetIdentity } from '../../src/domain/data/data-set-identity.ts';
import { WindlassError } from '../../src/errors/windlass-error.ts';
import { parseInput } from '../../src/errors/parse-input.ts';
import type { ArtefactStore } from '../../src/ports/artefact-store.ts';
import { digestOf } from '../../src/base/digest.ts';

/** The digest of a data set: sha256 over what decides a training. */
export function dataSetDigest(files: readonly DataFile[]): string {
  return digestOf(dataSetIdentity(files));
}

/**
 * The manifest of a snapshot. Throws NOT_FOUND, ARTEFACT_CORRUPT, or DATA_INVALID when it is no
 * manifest, describes another data set than the reference, or names a path outside the data folder.
 */
export async function readManifest(artefacts: ArtefactStore, ref: DataRef): Promise<DataManifest> {
  const text = (await artefacts.read(ref.manifest.digest)).toString('utf8');
  const manifest = parseInput(dataManifestSchema, parseJson(text), {
    code: 'DATA_INVALID',
    what: `The manifest of data set ${ref.digest}`,
  });
  const found = dataSetDigest(manifest.files);
  if (found === ref.digest && manifest.digest === ref.digest) return manifest;
  throw new WindlassError(
    'DATA_INVALID',
    `The manifest of data set ${ref.digest} describes another one, ${found}: it was tampered with, or belongs elsewhere.`,
    { hint: 'Take the snapshot again.', details: { expected: ref.digest, found } },
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
