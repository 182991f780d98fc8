import type { DataGateSettings } from '../../contracts/data/data-gates.ts';
import { Findings } from './findings.ts';
import type { SensorTable } from './sensor-table.ts';

/** First and last moment of a file, ms since 1970, with the line of the last. */
export interface TimeSpan {
  readonly from: number;
  readonly to: number;
  readonly toLine: number;
}

export interface TimeFacts {
  readonly span: TimeSpan | null;
  readonly duplicateTimes: Findings;
  readonly duplicateRows: Findings;
  readonly disorder: Findings;
  readonly gaps: Findings;
  /** Times outside the days in which measurements can have been made. */
  readonly unbelievable: Findings;
  /** Steps of an hour, forward or back, in the small hours of a Sunday, in a file without zones. */
  readonly daylightSaving: Findings;
}

export function noTimeFacts(): TimeFacts {
  const findings = {
    duplicateTimes: new Findings(),
    duplicateRows: new Findings(),
    disorder: new Findings(),
    gaps: new Findings(),
    unbelievable: new Findings(),
    daylightSaving: new Findings(),
  };
  return { span: null, ...findings };
}

const HOUR = 3_600_000;

/** What is odd about the times of one file; `rowHashes` says which rows have the same readings. */
export function timeFacts(table: SensorTable, settings: DataGateSettings, rowHashes: Uint32Array): TimeFacts {
  const facts = noTimeFacts();
  const { times, lines, timeFormats } = table;
  const [earliest, latest] = [Date.parse(settings.earliest), Date.parse(settings.latest)];
  const local = timeFormats.has('space') || timeFormats.has('t');
  const first = new Map<number, number>();
  const step = usualStep(times);
  let [previous, from, to, toLine] = [NaN, Infinity, -Infinity, 0];
  for (const [row, time] of times.entries()) {
    if (Number.isNaN(time)) continue;
    const line = lines[row] ?? 0;
    const add = (findings: Findings, text: string): void =>
      findings.add(() => ({ line, value: iso(time), text: `line ${line}: ${text}` }));
    if (time < earliest || time > latest) add(facts.unbelievable, iso(time));
    const seen = first.get(time);
    if (seen === undefined) {
      first.set(time, row);
    } else {
      const text = `${iso(time)} in line ${lines[seen]} and again in line ${line}`;
      facts.duplicateTimes.add(() => ({ line, value: iso(time), text }));
      if (rowHashes[seen] === rowHashes[row]) add(facts.duplicateRows, `the same as line ${lines[seen]}`);
    }
    const change = time - previous;
    if (change < 0) add(facts.disorder, `${iso(time)} comes after ${iso(previous)}`);
    if (change > step * settings.gapFactor)
      add(facts.gaps, `${Math.round(change / 1000)} s after the row before`);
    if (local && isClockChange(previous, change, step))
      add(facts.daylightSaving, `${iso(time)} comes after ${iso(previous)}`);
    if (time < from) from = time;
    if (time > to) [to, toLine] = [time, line];
    previous = time;
  }
  return { ...facts, span: from > to ? null : { from, to, toLine } };
}

function usualStep(times: Float64Array): number {
  const steps: number[] = [];
  let previous = NaN;
  for (const time of times) {
    if (Number.isNaN(time)) continue;
    if (time > previous) steps.push(time - previous);
    previous = time;
  }
  return Float64Array.from(steps).sort()[Math.floor(steps.length / 2)] ?? 0;
}

/** Clocks change on Sundays between 00:00 and 04:00; the usual step comes on top of the hour. */
function isClockChange(previous: number, change: number, step: number): boolean {
  if (step >= HOUR || Math.abs(Math.abs(change - step) - HOUR) > step) return false;
  const before = new Date(previous);
  return before.getUTCDay() === 0 && before.getUTCHours() < 4;
}

function iso(ms: number): string {
  return Math.abs(ms) <= 8.64e15 ? new Date(ms).toISOString() : `${ms} ms`;
}
