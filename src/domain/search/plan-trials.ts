import type { SearchStrategy, TrialPlan } from '../../contracts/build/search.ts';
import { randomIndex, seededRandom } from '../../base/random.ts';
import type { Dimension, ParameterSpace } from './parameter-space.ts';

const RANDOM_TRIALS = 20;
/** An integer range of at most so many values needs no `steps` in a grid. */
const SMALL_RANGE = 20;
const REDRAWS = 100;
const DIGITS = 6;
const MAX_GRID = 200;

export interface TrialOrder {
  readonly strategy: SearchStrategy;
  readonly trials?: number | undefined;
  readonly seed: number;
}

/** What stands in the way of a plan: the field, and what to write instead. */
export interface PlanProblem {
  readonly field: string;
  readonly problem: string;
}

/** A generator that differs for every pair of seed and trial. */
function generator(seed: number, trial: number): () => number {
  return seededRandom((seed ^ Math.imul(trial, 0x9e3779b1)) | 0);
}

/** Six digits, so that people can type the value again. */
function readable(value: number, { min, max }: { readonly min: number; readonly max: number }): number {
  return Math.min(max, Math.max(min, Number(value.toPrecision(DIGITS))));
}

/** The value at share u (0 ≤ u < 1) of a dimension. */
function draw(dimension: Dimension, u: number): unknown {
  if (dimension.kind === 'choice') return dimension.values[Math.floor(u * dimension.values.length)];
  const { min, max, log, integer } = dimension;
  const end = integer ? max + 1 : max;
  const value = log ? min * (end / min) ** u : min + (end - min) * u;
  return integer ? Math.min(max, Math.floor(value)) : readable(value, dimension);
}

/** Values that none of the `taken` equals; undefined when the space seems to hold no more. */
function sample(space: ParameterSpace, random: () => number, taken: ReadonlySet<string>) {
  for (let attempt = 0; attempt < REDRAWS; attempt += 1) {
    const params = Object.fromEntries([...space].map(([name, d]) => [name, draw(d, random())]));
    if (!taken.has(JSON.stringify(params))) return params;
  }
  return undefined;
}

/** All values of a dimension in a grid; undefined when it needs to be told how many. */
function gridValues(dimension: Dimension): readonly unknown[] | undefined {
  if (dimension.kind === 'choice') return dimension.values;
  const { min, max, log, integer, steps } = dimension;
  if (steps === undefined)
    return integer && max - min < SMALL_RANGE
      ? Array.from({ length: max - min + 1 }, (_, i) => min + i)
      : undefined;
  const points = Array.from({ length: steps }, (_, i) => {
    const u = i / (steps - 1);
    const value = log ? min * (max / min) ** u : min + (max - min) * u;
    return integer ? Math.round(value) : readable(value, dimension);
  });
  return [...new Set(points)];
}

function planGrid(space: ParameterSpace, trials: number | undefined) {
  const values = [...space].map(([name, dimension]) => ({ name, values: gridValues(dimension) }));
  const problems = values.flatMap(({ name, values: known }): PlanProblem[] =>
    known === undefined
      ? [
          {
            field: `params.${name}.steps`,
            problem: 'a grid needs to know how many points to try on this range, e.g. steps: 5',
          },
        ]
      : [],
  );
  const size = values.reduce((n, { values: known = [] }) => n * known.length, 1);
  if (problems.length === 0 && size > (trials ?? MAX_GRID))
    problems.push({
      field: 'search.trials',
      problem: `the grid has ${size} points, more than ${trials ?? MAX_GRID}: give fewer values or more trials (at most ${MAX_GRID}), or strategy: random`,
    });
  if (problems.length > 0) return { points: [], problems };
  const points = values.reduce<Record<string, unknown>[]>(
    (all, { name, values: known = [] }) => all.flatMap((p) => known.map((v) => ({ ...p, [name]: v }))),
    [{}],
  );
  return { points, problems };
}

function planRandom(space: ParameterSpace, { trials = RANDOM_TRIALS, seed }: TrialOrder) {
  const taken = new Set<string>();
  const points: Record<string, unknown>[] = [];
  while (points.length < trials) {
    const params = sample(space, generator(seed, points.length + 1), taken);
    if (params === undefined) break;
    taken.add(JSON.stringify(params));
    points.push(params);
  }
  return points;
}

/**
 * The trials of a search, decided by space, strategy and seed alone: a longer random search begins
 * with the trials of a shorter one. Random trials are distinct, and fewer than asked when the space
 * holds no more.
 */
export function planTrials(
  space: ParameterSpace,
  order: TrialOrder,
): { readonly trials: readonly TrialPlan[]; readonly problems: readonly PlanProblem[] } {
  const empty = [...space].flatMap(([name, d]): PlanProblem[] =>
    d.kind === 'choice' && d.values.length === 0
      ? [{ field: `params.${name}`, problem: 'the list is empty: give at least one value' }]
      : [],
  );
  if (empty.length > 0) return { trials: [], problems: empty };
  const { points, problems } =
    order.strategy === 'grid'
      ? planGrid(space, order.trials)
      : { points: planRandom(space, order), problems: [] };
  const trials = points.map((params, i) => ({
    trial: i + 1,
    params,
    seed: randomIndex(generator(~order.seed, i + 1), 2 ** 31),
  }));
  return { trials, problems };
}
