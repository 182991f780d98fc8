import type { ImportedRegistration } from '../../contracts/model/model-version.ts';

/**
 * What the command needs to know; of a version that came through the MLflow door next to nothing is
 * there.
 */
type Made = Partial<
  Pick<ImportedRegistration, 'pipeline' | 'data' | 'params' | 'seed' | 'search' | 'origin'>
>;

/**
 * The command that makes the same version again, and so compares it with the champion of that
 * moment.
 */
export function commandAgain({ pipeline, data, params = {}, seed, search, origin }: Made): string {
  if (origin === 'imported' || !pipeline || !data)
    return 'windlass models import FILE --project PROJECT --golden FILE --data DATA';
  // A search chooses its parameters again.
  const fixed = search === undefined ? Object.entries(params) : [];
  return [
    `windlass train --pipeline ${pipeline.name}@${pipeline.version} --data ${quoted(data.source)}`,
    ...(seed === undefined ? [] : [`--seed ${seed}`]),
    ...fixed.map(([name, value]) => `--param ${quoted(`${name}=${JSON.stringify(value)}`)}`),
  ].join(' ');
}

/** As a shell reads it back. */
function quoted(word: string): string {
  return /^[\w.,:@%+=/-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
