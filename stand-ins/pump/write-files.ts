import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { PUMP_COLUMNS } from './columns.ts';
import { FAULTS, type FaultKind } from './faults.ts';
import { createPump } from './pump.ts';
import { createRandom } from './random.ts';
import { REGIMES, type RegimeName } from './regimes.ts';

export interface PumpFilesOptions {
  readonly folder: string;
  /** Number of files, one pump each. */
  readonly pumps: number;
  /** Rows a file; at least 900, so that commissioning, episode and recovery fit. */
  readonly rows?: number;
  readonly seed?: number;
  /** Regime after commissioning; commissioning itself is always nominal. */
  readonly regime?: RegimeName;
  /** Share of the pumps that have a fault episode, 0..1. */
  readonly faultShare?: number;
  /** Number of the first file. */
  readonly startIndex?: number;
}

/** Rows at the start of each file that are healthy and nominal: they fit the pump's baseline. */
export const COMMISSIONING_ROWS = 400;

const HEADER = ['datetime', ...PUMP_COLUMNS.map((column) => column.name), 'anomaly', 'changepoint'].join(';');
const KINDS = Object.keys(FAULTS) as FaultKind[];

type FileStory = Required<Pick<PumpFilesOptions, 'rows' | 'seed' | 'regime' | 'faultShare'>>;

/**
 * The text of one labelled file (`;`, CRLF): a pump is commissioned, changes regime, has a fault
 * episode, and recovers.
 */
export function pumpFile(number: number, { rows, seed, regime, faultShare }: FileStory): string {
  const id = `bench/${fileStem(number)}`; // a bench pump is never one of the fleet's
  const random = createRandom(seed, id, regime, 'story');
  const day = String(1 + (number % 28)).padStart(2, '0');
  const pump = createPump({ id, seed, dropoutRate: 0, startTime: `2026-01-${day}T06:00:00Z` });
  const after = rows - COMMISSIONING_ROWS;
  const regimeRow = COMMISSIONING_ROWS + Math.floor(after * random.between(0.02, 0.12));
  const onset = COMMISSIONING_ROWS + Math.floor(after * random.between(0.24, 0.42));
  const plan = {
    severity: random.between(0.15, 0.9),
    rampSeconds: random.between(20, 80),
    durationSeconds: Math.floor(after * random.between(0.34, 0.46)),
    recoverySeconds: random.between(10, 30),
  };
  const faulty = random.next() < faultShare;

  const lines = [HEADER];
  let before = 0;
  for (let row = 0; row < rows; row++) {
    if (row === regimeRow) pump.setRegime(regime);
    if (row === onset && faulty) pump.injectFault(faultKind(number), plan);
    const { time, values, anomaly } = pump.next();
    const stamp = time.replace('T', ' ').replace('Z', '');
    const readings = values.map((value) => String(Number(value.toPrecision(6))));
    lines.push([stamp, ...readings, `${anomaly}.0`, anomaly === before ? '0.0' : '1.0'].join(';'));
    before = anomaly;
  }
  return lines.join('\r\n') + '\r\n';
}

/**
 * Four neighbouring numbers hold every kind, and so does every residue modulo four: folds by file
 * number stay balanced.
 */
function faultKind(number: number): FaultKind {
  return KINDS[(number + Math.floor(number / KINDS.length)) % KINDS.length] ?? 'valve-closing';
}

function fileStem(number: number): string {
  return `pump-${String(number).padStart(3, '0')}`;
}

/**
 * Writes `pump-001.csv`, … into the folder, the same bytes for the same options; returns the paths.
 * Throws a RangeError below 900 rows.
 */
export async function writePumpFiles(options: PumpFilesOptions): Promise<string[]> {
  const {
    folder,
    pumps,
    rows = 1200,
    seed = 7,
    regime = 'nominal',
    faultShare = 1,
    startIndex = 1,
  } = options;
  if (rows < 900) throw new RangeError(`rows must be at least 900, not ${rows}`);
  await mkdir(folder, { recursive: true });
  const paths: string[] = [];
  for (let number = startIndex; number < startIndex + pumps; number++) {
    const path = join(folder, `${fileStem(number)}.csv`);
    await writeFile(path, pumpFile(number, { rows, seed, regime, faultShare }));
    paths.push(path);
  }
  return paths;
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      folder: { type: 'string' },
      pumps: { type: 'string', default: '24' },
      rows: { type: 'string', default: '1200' },
      seed: { type: 'string', default: '7' },
      regime: { type: 'string', default: 'nominal' },
      'fault-share': { type: 'string', default: '1' },
      'start-index': { type: 'string', default: '1' },
    },
  });
  if (!values.folder || !(values.regime in REGIMES)) {
    process.stderr.write(
      `usage: write-files.ts --folder DIR [--pumps N] [--rows N] [--seed N] [--regime ${Object.keys(REGIMES).join('|')}] [--fault-share 0..1] [--start-index N]\n`,
    );
    process.exit(2);
  }
  const paths = await writePumpFiles({
    folder: values.folder,
    pumps: Number(values.pumps),
    rows: Number(values.rows),
    seed: Number(values.seed),
    regime: values.regime as RegimeName,
    faultShare: Number(values['fault-share']),
    startIndex: Number(values['start-index']),
  });
  process.stdout.write(`wrote ${paths.length} files to ${values.folder}\n`);
}
