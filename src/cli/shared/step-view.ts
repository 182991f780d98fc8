import type { PipelineProgress, StepProgress } from '../../contracts/progress.ts';
import type { Output } from './output.ts';

/** The latest progress of a running activity. */
export interface Heartbeat {
  readonly activity: string;
  readonly attempt: number;
  readonly text: string;
  readonly failure?: string;
}

/**
 * Activities heartbeat `{progress: 0..1, message}`, a text, or a cursor that means nothing to
 * people.
 */
export function heartbeatText(details: unknown): string {
  if (typeof details === 'string') return details;
  if (typeof details !== 'object' || details === null) return '';
  const percent =
    'progress' in details && typeof details.progress === 'number'
      ? `${Math.round(details.progress * 100)} %`
      : '';
  const message = 'message' in details && typeof details.message === 'string' ? details.message : '';
  return [percent, message].filter((part) => part !== '').join(' ');
}

/** Shows each step once when it ends, and the running ones as status. */
export class StepView {
  readonly #output: Output;
  readonly #shown = new Set<string>();
  readonly #attempts = new Set<string>();

  constructor(output: Output) {
    this.#output = output;
  }

  update(progress: PipelineProgress, beats: readonly Heartbeat[]): void {
    for (const step of progress.steps) if (isOver(step) && !this.#shown.has(step.name)) this.#show(step);
    for (const { activity, attempt, failure } of beats) {
      const key = `${activity} ${attempt}`;
      if (failure === undefined || this.#attempts.has(key)) continue;
      this.#attempts.add(key);
      this.#output.warn(`! ${activity}, attempt ${attempt}: ${failure}`);
    }
    const running = progress.steps.filter((step) => step.status === 'running');
    if (running.length === 0) return;
    const said = beats.map((b) => b.text).filter((t) => t !== '');
    const names = running.map((step) => (step.message === '' ? step.name : `${step.name}: ${step.message}`));
    this.#output.status([...names, ...said].join(' · '));
  }

  #show(step: StepProgress): void {
    this.#shown.add(step.name);
    const c = this.#output.colors;
    const marks = { done: c.green('✓'), cached: c.cyan('≡'), failed: c.red('✗'), skipped: c.dim('–') };
    const mark = step.status in marks ? marks[step.status as keyof typeof marks] : ' ';
    const seconds = step.seconds === null ? '' : `${step.seconds.toFixed(1)} s`;
    const cached = step.status === 'cached' ? 'reused; ' : '';
    this.#output.note(
      `${mark} ${step.name.padEnd(14)} ${seconds.padStart(8)}  ${cached}${step.message}`.trimEnd(),
    );
  }
}

function isOver(step: StepProgress): boolean {
  return ['done', 'cached', 'failed', 'skipped'].includes(step.status);
}
