import { createHash } from 'node:crypto';
import { Transform } from 'node:stream';
import { digestSchema } from '../../contracts/artefact.ts';
import { WindlassError } from '../../errors/windlass-error.ts';

/**
 * Where an artefact lies below a store's root: `sha256/ab/cdef…`. Throws INPUT_INVALID for anything
 * but a digest.
 */
export function artefactPath(digest: string): string {
  if (!digestSchema.safeParse(digest).success)
    throw new WindlassError('INPUT_INVALID', `"${digest}" is not a digest: expected sha256:<64 hex digits>.`);
  return `sha256/${digest.slice(7, 9)}/${digest.slice(9)}`;
}

/** Passes bytes on and fails at the end when they do not have the digest. */
export function verifier(digest: string): Transform {
  const hash = createHash('sha256');
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      done(null, chunk);
    },
    flush(done) {
      done(`sha256:${hash.digest('hex')}` === digest ? null : corrupt(digest));
    },
  });
}

export function missing(digest: string): WindlassError {
  return new WindlassError('NOT_FOUND', `There is no artefact ${digest}.`, { details: { digest } });
}

export function corrupt(digest: string): WindlassError {
  return new WindlassError('ARTEFACT_CORRUPT', `The stored bytes of ${digest} have another digest.`, {
    details: { digest },
  });
}
