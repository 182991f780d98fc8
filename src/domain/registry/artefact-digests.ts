import type { ArtefactRef } from '../../contracts/artefact.ts';

/** The digest of each artefact, by the same name. */
export function digestsOf(artefacts: Readonly<Record<string, ArtefactRef>>): Record<string, string> {
  return Object.fromEntries(Object.entries(artefacts).map(([name, { digest }]) => [name, digest]));
}
