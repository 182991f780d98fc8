import type { GateResult, GateStatus } from '../../contracts/gate.ts';
import type { FileFacts } from './file-facts.ts';
import type { Sample } from './findings.ts';
import { gate } from '../gates/build.ts';

const FILES_SHOWN = 5;
const ROWS_SHOWN = 10;

/** What one gate holds against one file. */
export interface Complaint {
  readonly path: string;
  readonly count: number;
  readonly samples: readonly Sample[];
}

/** A row of a report, under `evidence.rows` of a gate. */
export interface SampleRow {
  readonly file: string;
  readonly line: number;
  readonly column?: string;
  readonly value?: string | number;
  readonly problem: string;
}

export function totalRows(facts: readonly FileFacts[]): number {
  return facts.reduce((sum, f) => sum + f.file.rows, 0);
}

/**
 * The files that a gate complains of and sample rows, the first of each file before the second of
 * any.
 */
export function complaintEvidence(complaints: readonly Complaint[]): Record<string, unknown> {
  const rows = Array.from({ length: 5 }, (_, i) => i).flatMap((i) =>
    complaints.flatMap(({ path, samples }): SampleRow[] => {
      const found = samples[i];
      if (found === undefined) return [];
      const { line, column, value, text } = found;
      return [{ file: path, line, column, value, problem: text }];
    }),
  );
  return {
    filesAffected: complaints.length,
    files: complaints.slice(0, FILES_SHOWN).map(({ path, count }) => ({ path, count })),
    rows: rows.slice(0, ROWS_SHOWN),
  };
}

/**
 * One gate over all files: passes without complaints, otherwise names the files, how often, and
 * sample rows.
 */
export function complaintGate(
  facts: readonly FileFacts[],
  rule: {
    readonly name: string;
    /** What was counted, e.g. "duplicate timestamps". */
    readonly what: string;
    readonly complain: (facts: FileFacts) => { count: number; samples: readonly Sample[] };
    readonly status?: GateStatus;
    readonly pass: string;
    readonly hint?: string;
  },
): GateResult {
  const { name, what, hint } = rule;
  const complaints = facts.flatMap((f): Complaint[] => {
    const { count, samples } = rule.complain(f);
    return count === 0 ? [] : [{ path: f.file.path, count, samples }];
  });
  const observed = complaints.reduce((sum, c) => sum + c.count, 0);
  const n = totalRows(facts);
  if (observed === 0) return gate(name, 'pass', { observed, threshold: 0, n, reason: rule.pass });
  return gate(name, rule.status ?? 'fail', {
    observed,
    threshold: 0,
    n,
    evidence: complaintEvidence(complaints),
    reason: `${observed} ${what} in ${complaintList(complaints)}${hint === undefined ? '' : `. ${hint}`}`,
  });
}

/** "a.csv (line 3: …; line 7: …), b.csv (…) and 4 more files". */
export function complaintList(
  complaints: readonly { readonly path: string; readonly samples: readonly { readonly text: string }[] }[],
): string {
  const shown = complaints
    .slice(0, 3)
    .map(({ path, samples }) => {
      const texts = samples.slice(0, 2).map(({ text }) => text);
      return texts.length === 0 ? path : `${path} (${texts.join('; ')})`;
    })
    .join(', ');
  const more = complaints.length - 3;
  return more > 0 ? `${shown} and ${more} more file${more === 1 ? '' : 's'}` : shown;
}
