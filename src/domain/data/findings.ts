const SAMPLES = 5;
const SHOWN = 60;

/**
 * A row that shows what is wrong. `line` is that of the file (the row's number in Parquet), `text`
 * what people read.
 */
export interface Sample {
  readonly line: number;
  readonly column?: string;
  readonly value?: string | number;
  readonly text: string;
}

/** Counts something that is wrong and keeps the first five cases. */
export class Findings {
  count = 0;
  readonly samples: Sample[] = [];

  add(sample: () => Sample): void {
    this.count += 1;
    if (this.samples.length < SAMPLES) this.samples.push(sample());
  }
}

/** A cell as it stands in a report: quoted, and cut when it is long. */
export function shown(cell: unknown): string {
  if (typeof cell === 'number') return String(cell);
  const text = JSON.stringify(cell ?? '') ?? '';
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}…"` : text;
}
