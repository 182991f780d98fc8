import type { SensorTable } from './sensor-table.ts';

/** Rows on either side of a reading that it is compared with. */
const REACH = 8;

/**
 * One bit per reading: whether it lies above the mean of the 17 rows around it. A copy keeps nearly
 * all of them when noise is added, and every one when it is scaled or shifted; independent noise
 * agrees in half.
 */
export interface SignPatterns {
  readonly rows: number;
  /** One per column, 32 rows to a word, with a word of zeros behind the last. */
  readonly columns: readonly Uint32Array[];
  /** Line of the file of every 32nd row. */
  readonly lines: Uint32Array;
}

export const NO_PATTERNS: SignPatterns = { rows: 0, columns: [], lines: new Uint32Array() };

/** The sign patterns of a file's readings; a missing reading counts as below, and in no mean. */
export function signPatterns({
  values,
  rows,
  lines,
}: Pick<SensorTable, 'values' | 'rows' | 'lines'>): SignPatterns {
  const width = rows === 0 ? 0 : values.length / rows;
  const columns = Array.from({ length: width }, (_, column) => {
    const bits = new Uint32Array(Math.ceil(rows / 32) + 1);
    let [sum, count] = [0, 0];
    const add = (row: number, sign: 1 | -1): void => {
      const value = values[row * width + column] ?? NaN;
      if (row < 0 || row >= rows || Number.isNaN(value)) return;
      sum += sign * value;
      count += sign;
    };
    for (let row = 0; row < REACH; row += 1) add(row, 1);
    for (let row = 0; row < rows; row += 1) {
      add(row + REACH, 1);
      add(row - REACH - 1, -1);
      const word = row >>> 5;
      const above = (values[row * width + column] ?? NaN) * count > sum;
      if (above) bits[word] = (bits[word] ?? 0) | (1 << (row & 31));
    }
    return bits;
  });
  return { rows, columns, lines: lines.filter((_, row) => row % 32 === 0) };
}

/** The line of a row, about: a record of several lines in between is not counted. */
export const lineAt = ({ lines }: SignPatterns, row: number): number => (lines[row >>> 5] ?? 0) + (row & 31);

/** 32 bits from a row on, the row's own lowest. */
export function bitsAt(column: Uint32Array, row: number): number {
  const [word, shift] = [row >>> 5, row & 31];
  const low = column[word] ?? 0;
  return (shift === 0 ? low : (low >>> shift) | ((column[word + 1] ?? 0) << (32 - shift))) >>> 0;
}

/** Number of ones among 32 bits. */
export function ones(bits: number): number {
  let n = bits - ((bits >>> 1) & 0x5555_5555);
  n = (n & 0x3333_3333) + ((n >>> 2) & 0x3333_3333);
  return Math.imul((n + (n >>> 4)) & 0x0f0f_0f0f, 0x0101_0101) >>> 24;
}

/** How often neighbouring rows of 32 differ. */
export const turns = (bits: number): number => ones((bits ^ (bits >>> 1)) & 0x7fff_ffff);
