export type Environment = Readonly<Record<string, string | undefined>>;

/** Where a part is, or why this source does not have it. */
export type Found = { readonly path: string } | { readonly missing: string };

/**
 * What a source may use: variables, the folder that outlives projects, and where progress is told.
 */
export interface SourceContext {
  readonly env: Environment;
  readonly cacheDir: string;
  readonly report: (message: string) => void;
}

/** One place that a part may come from. */
export interface PartSource {
  readonly name: string;
  /** It downloads or builds; the others only look. */
  readonly makes?: true;
  find(context: SourceContext): Promise<Found>;
}

/**
 * A program or folder that npm does not bring: where it may come from, in order, and what a person
 * can do without it.
 */
export interface OutsidePart {
  readonly title: string;
  readonly sources: readonly PartSource[];
  readonly hint: string;
}
