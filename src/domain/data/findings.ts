const SAMPLES = 5;

/** Counts something that is wrong and keeps the first five cases as text for people. */
export class Findings {
  count = 0;
  readonly samples: string[] = [];

  add(describe: () => string): void {
    this.count += 1;
    if (this.samples.length < SAMPLES) this.samples.push(describe());
  }
}
