import type { SensorTable } from './sensor-table.ts';

/**
 * Consecutive rows of one segment, and how many of them must differ from each other for the segment
 * to be telling.
 */
export const SEGMENT_ROWS = 16;
const SEGMENT_DISTINCT = 8;
/**
 * One segment in this many is kept, chosen by its own content, so that two files keep the same
 * ones.
 */
export const SEGMENT_SAMPLING = 8;
const BASE = 0x01000193;

/**
 * Marks of stretches of readings: equal marks in two places mean equal readings in 16 consecutive
 * rows, whatever their times.
 */
export interface Segments {
  readonly marks: Float64Array;
  /** Line on which each segment starts. */
  readonly lines: Uint32Array;
}

/**
 * 32 bits per row over its readings (as float32) and label: FNV-1a over words, finished with
 * MurmurHash3's fmix32.
 */
export function hashRows({ values, rows, labels }: SensorTable): Uint32Array {
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const width = rows === 0 ? 0 : values.length / rows;
  const hashes = new Uint32Array(rows);
  for (let row = 0; row < rows; row += 1) {
    let hash = 0x811c9dc5 ^ (labels?.[row] ?? 2);
    for (let i = row * width; i < (row + 1) * width; i += 1) {
      hash = Math.imul(hash ^ (words[i] ?? 0), BASE);
      hash ^= hash >>> 15;
    }
    hashes[row] = mix(hash);
  }
  return hashes;
}

/**
 * Rolling hashes (Rabin–Karp, twice 32 bits joined to 53) over 16 rows, sampled by content;
 * stretches that hardly change are left out.
 */
export function segmentsOf(hashes: Uint32Array, lines: Uint32Array): Segments {
  const marks: number[] = [];
  const starts: number[] = [];
  const power = [power32(BASE, SEGMENT_ROWS), power32(BASE + 2, SEGMENT_ROWS)] as const;
  let [high, low] = [0, 0];
  for (let row = 0; row < hashes.length; row += 1) {
    const [entering, leaving] = [hashes[row] ?? 0, hashes[row - SEGMENT_ROWS] ?? 0];
    high = (Math.imul(high, BASE) + entering - Math.imul(leaving, power[0])) | 0;
    low = (Math.imul(low, BASE + 2) + mix(entering) - Math.imul(mix(leaving), power[1])) | 0;
    const start = row - SEGMENT_ROWS + 1;
    if (start < 0 || mix(high) % SEGMENT_SAMPLING !== 0) continue;
    if (new Set(hashes.subarray(start, row + 1)).size < SEGMENT_DISTINCT) continue;
    marks.push((high >>> 0) * 0x20_0000 + (low >>> 11));
    starts.push(lines[start] ?? 0);
  }
  return { marks: Float64Array.from(marks), lines: Uint32Array.from(starts) };
}

function mix(value: number): number {
  let h = value;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

function power32(base: number, exponent: number): number {
  let power = 1;
  for (let i = 0; i < exponent; i += 1) power = Math.imul(power, base);
  return power;
}
