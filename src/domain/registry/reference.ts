import { IDENTIFIERS } from '../../contracts/identifiers.ts';

/** What a person writes for a version of a model or of a pipeline. */
export interface Reference {
  readonly name: string;
  /** A number or an alias; undefined when only the name was written. */
  readonly version: string | undefined;
}

/** Reads `name`, `name@version` or `name@alias`; undefined when the text is none of them. */
export function parseReference(text: string): Reference | undefined {
  const match = IDENTIFIERS.modelOrName.exec(text);
  return match === null ? undefined : { name: match[1] ?? '', version: match[2] };
}

/** The reference of one version: `name@version`. */
export function formatReference({ name, version }: { name: string; version: string }): string {
  return `${name}@${version}`;
}
