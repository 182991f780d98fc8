import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readStructure } from '../../src/adapters/onnx/read-structure.ts';
import { parseCsv } from '../../src/domain/data/csv.ts';
import { seededRandom } from '../../src/base/random.ts';
import { WindlassError } from '../../src/errors/windlass-error.ts';
import { sensorCsv } from '../support/sensor-data.ts';
import { tinyModelBytes } from '../support/tiny-model.ts';
import { untilTimeIsOver, type LongEntry } from './entry.ts';

type Random = () => number;

const below = (random: Random, end: number): number => Math.floor(random() * end);

/** The bytes with a few of them changed, cut out, repeated, or the end torn off. */
function damaged(bytes: Buffer, random: Random): Buffer {
  let result = Buffer.from(bytes);
  for (let changes = 1 + below(random, 4); changes > 0; changes -= 1) {
    const at = below(random, result.length + 1);
    const end = at + below(random, 64);
    const [head, piece, tail] = [result.subarray(0, at), result.subarray(at, end), result.subarray(end)];
    const flipped = Buffer.from(piece.map((byte) => byte ^ (1 << below(random, 8))));
    const choices = [[head, flipped, tail], [head, tail], [head, piece, piece, tail], [head]];
    result = Buffer.concat(choices[below(random, choices.length)] ?? []);
  }
  return result;
}

/** Foreign bytes are read or refused in our own words; anything else is a fault. */
function readOrRefused(read: () => unknown): 'read' | 'refused' {
  try {
    read();
    return 'read';
  } catch (error) {
    if (error instanceof WindlassError) return 'refused';
    throw error;
  }
}

function readCsv(text: string): void {
  let line = 0;
  for (const row of parseCsv(text)?.rows() ?? []) {
    if (row.line <= line) throw new Error(`line ${row.line} follows line ${line}`);
    line = row.line;
  }
}

interface Reader {
  readonly name: string;
  readonly good: readonly Buffer[];
  readonly read: (bytes: Buffer) => unknown;
}

function readers(): Reader[] {
  const zipmap = readFileSync(join(import.meta.dirname, '../fixtures/onnx/zipmap.onnx'));
  return [
    { name: 'ONNX', good: [tinyModelBytes(), zipmap], read: readStructure },
    {
      name: 'CSV',
      good: [Buffer.from(sensorCsv({ rows: 50, anomalyFrom: 40 })), Buffer.from('a,b\n"x ""y""",2\n')],
      read: (bytes) => readCsv(bytes.toString('utf8')),
    },
  ];
}

/** Damaged models and tables. */
export const corpus: LongEntry = {
  name: 'corpus',
  summary: 'damaged ONNX and CSV files are read or refused, never anything else',
  leastSeconds: 2,
  run: async ({ seed, seconds, log }) => {
    const all = readers();
    for (const { name, good, read } of all) {
      const counts = { read: 0, refused: 0 };
      for (const bytes of good)
        if (readOrRefused(() => read(bytes)) !== 'read') throw new Error(`a sound ${name} is refused`);
      await untilTimeIsOver(seconds / all.length, (round) => {
        const random = seededRandom(seed + round);
        const bytes = damaged(good[below(random, good.length)] ?? Buffer.alloc(0), random);
        try {
          counts[readOrRefused(() => read(bytes))] += 1;
        } catch (error) {
          const shown = bytes.toString('base64').slice(0, 2000);
          throw new Error(`${name}, seed ${seed + round}: ${shown}`, { cause: error });
        }
      });
      log(`${name}: ${counts.read} read, ${counts.refused} refused`);
    }
  },
};
