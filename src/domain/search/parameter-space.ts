/** Values that a parameter may take in a search. */
export type Dimension =
  | { readonly kind: 'choice'; readonly values: readonly unknown[] }
  | {
      readonly kind: 'range';
      readonly min: number;
      readonly max: number;
      readonly log: boolean;
      readonly integer: boolean;
      readonly steps: number | undefined;
    };

/** By the name of the parameter, in the order in which they were given. */
export type ParameterSpace = ReadonlyMap<string, Dimension>;

interface Written {
  readonly choice?: readonly unknown[];
  readonly range?: readonly [number, number];
  readonly log?: boolean;
  readonly integer?: boolean;
  readonly steps?: number;
}

function dimensionOf(value: unknown, lists: boolean): Dimension | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const {
    choice,
    range,
    log = false,
    integer = false,
    steps,
  }: Written = Array.isArray(value) ? { choice: lists ? value : undefined } : value;
  if (choice !== undefined)
    return {
      kind: 'choice',
      values: [...new Map(choice.map((v) => [JSON.stringify(v), v] as const)).values()],
    };
  if (range === undefined) return undefined;
  const [min, max] = range;
  return { kind: 'range', min, max, log, integer, steps };
}

/**
 * The parameters that have several values, of parameters that `paramsSchema` accepted. `lists`: a
 * plain list is one of them, as it is where a search is declared; elsewhere a list is a value like
 * any other.
 */
export function parameterSpace(
  params: Readonly<Record<string, unknown>>,
  { lists }: { readonly lists: boolean },
): ParameterSpace {
  const dimensions = new Map<string, Dimension>();
  for (const [name, value] of Object.entries(params)) {
    const dimension = dimensionOf(value, lists);
    if (dimension !== undefined) dimensions.set(name, dimension);
  }
  return dimensions;
}
