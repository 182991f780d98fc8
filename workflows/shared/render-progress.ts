import type { GateResult } from '../../src/contracts/gate.ts';
import type { PipelineProgress, StepProgress, StepStatus } from '../../src/contracts/progress.ts';

const MARKS: Record<StepStatus, string> = {
  waiting: '·',
  running: '▶',
  done: '✔',
  cached: '↺',
  failed: '✘',
  skipped: '–',
};
const LONGEST_MESSAGE = 300;

/** Text for one cell of a markdown table: one line, bars escaped, not endless. */
function cell(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ').replaceAll('|', '\\|').trim();
  return line.length > LONGEST_MESSAGE ? `${line.slice(0, LONGEST_MESSAGE)}…` : line;
}

function stepRow({ name, status, seconds, message }: StepProgress): string {
  return `| ${MARKS[status]} | ${name} | ${status} | ${seconds === null ? '' : seconds.toFixed(1)} | ${cell(message)} |`;
}

function gateRow({ name, status, observed, threshold, n, reason }: GateResult): string {
  const show = (value: GateResult['observed']): string => (value === null ? '' : cell(String(value)));
  return `| ${name} | ${status} | ${show(observed)} | ${show(threshold)} | ${n ?? ''} | ${cell(reason)} |`;
}

/**
 * Progress as markdown for the Temporal UI: a table of steps and, once there are any, a table of
 * gates.
 */
export function renderProgress(title: string, headline: string, progress: PipelineProgress): string {
  const lines = [`### ${title}`];
  if (headline !== '') lines.push('', headline);
  lines.push('', '| | step | status | seconds | |', '|---|---|---|---:|---|', ...progress.steps.map(stepRow));
  if (progress.gates.length > 0)
    lines.push(
      '',
      '| gate | status | observed | threshold | n | reason |',
      '|---|---|---|---|---:|---|',
      ...progress.gates.map(gateRow),
    );
  return lines.join('\n');
}
