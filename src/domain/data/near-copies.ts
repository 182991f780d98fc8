import { bitsAt, ones, turns, type SignPatterns } from './sign-patterns.ts';

/**
 * Stretches of 32 rows in one column that turn at least so often are looked up: one in sixteen,
 * chosen by its own content; of very many readings fewer, so that about so many are looked up at
 * most.
 */
const MIN_TURNS = 5;
const SAMPLING = 16;
const LOOKED_UP = 1_000_000;
/** Equal stretches at one distance that make two files worth comparing. */
const MIN_VOTES = 3;
/** Fewest turns of a column in an alignment by which it is judged: fewer agree by chance. */
const MIN_JUDGED_TURNS = 64;
/**
 * An alignment is compared with itself moved by so many rows, beyond the reach of one reading and
 * over two thousand rows at most.
 */
const MOVED = { least: 17, most: 2048, rows: 2048 } as const;

/** Rows of one file that may follow rows of another one, `shift` rows further on. */
export interface Alignment {
  readonly file: number;
  readonly other: number;
  readonly from: number;
  readonly rows: number;
  readonly shift: number;
}

/**
 * The likeliest alignment of each two files that have stretches in common. Every reading is looked
 * at once: a stretch votes for its distance from the first one that is equal.
 */
export function findAlignments(files: readonly SignPatterns[]): Alignment[] {
  const readings = files.reduce((sum, { rows, columns }) => sum + rows * columns.length, 0);
  const sampling = Math.max(SAMPLING, Math.ceil(readings / LOOKED_UP));
  const first = new Map<number, number>();
  const places: { file: number; row: number }[] = [];
  const votes = new Map<string, { file: number; other: number; shift: number; rows: number[] }>();
  for (const [file, { rows, columns }] of files.entries())
    for (const [column, bits] of columns.entries())
      for (let row = 0; row + 32 <= rows; row += 1) {
        const stretch = bitsAt(bits, row);
        if (mix(stretch) % sampling !== 0 || turns(stretch) < MIN_TURNS) continue;
        const key = column * 2 ** 32 + stretch;
        const place = places[first.get(key) ?? -1];
        if (place === undefined) {
          first.set(key, places.push({ file, row }) - 1);
        } else if (place.file !== file) {
          const shift = place.row - row;
          const pair = `${file} ${place.file} ${shift}`;
          const vote = votes.get(pair);
          if (vote === undefined) votes.set(pair, { file, other: place.file, shift, rows: [row] });
          else vote.rows.push(row);
        }
      }
  const best = new Map<string, Alignment & { votes: number }>();
  for (const { file, other, shift, rows } of votes.values()) {
    if (rows.length < MIN_VOTES) continue;
    const pair = `${file} ${other}`;
    if ((best.get(pair)?.votes ?? 0) >= rows.length) continue;
    const from = rows.reduce((least, row) => Math.min(least, row));
    const end = rows.reduce((most, row) => Math.max(most, row)) + 32;
    best.set(pair, { file, other, from, rows: end - from, shift, votes: rows.length });
  }
  return [...best.values()].map(({ votes: _votes, ...alignment }) => alignment);
}

/**
 * Quadrant correlation of each column that turns often enough, −1..1: sin(π(p − ½)) of the share p
 * of readings that lie on the same side of the mean around them (Blomqvist 1950, with Sheppard's
 * formula). Rows beyond either file are left out.
 */
export function quadrantCorrelations(files: readonly SignPatterns[], alignment: Alignment): number[] {
  const { file, other, shift } = alignment;
  const [a, b] = [files[file], files[other]];
  if (a === undefined || b === undefined) return [];
  const from = Math.max(alignment.from, -shift);
  const end = Math.min(alignment.from + alignment.rows, a.rows, b.rows - shift);
  return a.columns.flatMap((bits, column) => {
    const against = b.columns[column] ?? new Uint32Array(0);
    let [agree, compared, turned, turnedThere] = [0, 0, 0, 0];
    for (let row = from; row + 32 <= end; row += 32) {
      const [here, there] = [bitsAt(bits, row), bitsAt(against, row + shift)];
      agree += 32 - ones(here ^ there);
      compared += 32;
      turned += turns(here);
      turnedThere += turns(there);
    }
    if (Math.min(turned, turnedThere) < MIN_JUDGED_TURNS) return [];
    return [Math.sin(Math.PI * (agree / compared - 0.5))];
  });
}

/** What at least half of the columns that can be judged reach; 0 when there are none. */
function reached(files: readonly SignPatterns[], alignment: Alignment): number {
  const correlations = quadrantCorrelations(files, alignment).sort((a, b) => b - a);
  return correlations[Math.ceil(correlations.length / 2) - 1] ?? 0;
}

/** The share of readings on different sides that belongs to a correlation. */
const disagreement = (correlation: number): number => 0.5 - Math.asin(correlation) / Math.PI;

/** A near-copy, and the correlation that at least half of its columns reach. */
export interface NearCopy extends Alignment {
  readonly correlation: number;
}

/**
 * Alignments that disagree in less than half as many readings as they do when one file is moved
 * against the other: what repeats by nature, as a cycle does, agrees elsewhere too. Where nothing
 * repeats, independent readings disagree in half.
 */
export function findNearCopies(
  files: readonly SignPatterns[],
  wanted: (file: number, other: number) => boolean,
): NearCopy[] {
  return findAlignments(files).flatMap((alignment) => {
    if (!wanted(alignment.file, alignment.other)) return [];
    const correlation = reached(files, alignment);
    const most = disagreement(0) / 2;
    const telling = disagreement(correlation) < most && !repeats(files, { ...alignment, correlation });
    return telling ? [{ ...alignment, correlation }] : [];
  });
}

function repeats(files: readonly SignPatterns[], copy: NearCopy): boolean {
  const rows = Math.min(copy.rows, MOVED.rows);
  const limit = 2 * disagreement(copy.correlation);
  for (let by: number = MOVED.least; by <= MOVED.most; by += 1)
    for (const shift of [copy.shift + by, copy.shift - by])
      if (disagreement(reached(files, { ...copy, rows, shift })) <= limit) return true;
  return false;
}

/** MurmurHash3's fmix32. */
function mix(value: number): number {
  let h = value;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
