import type { GateResult } from '../../contracts/gate.ts';
import type { ProjectSpec } from '../../contracts/project/project.ts';
import type { FileFacts } from './file-facts.ts';
import { complaintEvidence, complaintGate, complaintList } from './gate-parts.ts';
import type { Complaint } from './gate-parts.ts';
import { findNearCopies } from './near-copies.ts';
import { SEGMENT_ROWS, SEGMENT_SAMPLING } from './segments.ts';
import { dataGateSettings } from './settings.ts';
import { lineAt } from './sign-patterns.ts';
import { finePercent } from '../../base/percent.ts';
import { gate } from '../gates/build.ts';

/** Is what is held out in one fold unseen in the others? */
export function leakageGates(readable: readonly FileFacts[], spec: ProjectSpec): GateResult[] {
  return [
    complaintGate(readable, {
      name: 'repeated-rows',
      what: `rows (about) repeat earlier rows of their file, ${SEGMENT_ROWS} or more in a row`,
      complain: ({ repeats }) => repeats,
      status: 'warn',
      pass: 'no stretch of readings occurs twice in a file',
    }),
    unseenRows(readable, spec),
    nearCopies(readable),
    deviceSpans(readable),
  ];
}

interface Shared extends Complaint {
  readonly share: number;
}

/**
 * Stretches of 16 equal rows in two files that are not held out together: the model of one fold
 * would have trained on what it is judged by. Times play no part, so a shifted copy is found too.
 */
function unseenRows(readable: readonly FileFacts[], spec: ProjectSpec): GateResult {
  const threshold = dataGateSettings(spec).sharedRowsShare;
  const shared = sharedSegments(readable);
  const observed = shared[0]?.share ?? 0;
  return gate('unseen-rows', observed > threshold ? 'fail' : observed > 0 ? 'warn' : 'pass', {
    observed,
    threshold,
    n: readable.length,
    ...(shared.length === 0 ? {} : { evidence: complaintEvidence(shared) }),
    reason:
      shared.length === 0
        ? 'no stretch of readings is in two files of different folds'
        : `readings are in files of different folds: ${complaintList(shared)}. Put what belongs together into one file, or declare data.device`,
  });
}

function sharedSegments(readable: readonly FileFacts[]): Shared[] {
  // The first file with a stretch stands for all: among files that share it, one has another fold
  // than that one or none has.
  const first = new Map<number, { file: number; line: number }>();
  const found = new Map<string, { file: number; other: number; count: number; line: number; at: number }>();
  for (const [file, { segments }] of readable.entries())
    for (const [i, mark] of segments.marks.entries()) {
      const line = segments.lines[i] ?? 0;
      const seen = first.get(mark);
      if (seen === undefined) {
        first.set(mark, { file, line });
      } else if (seen.file !== file && apart(readable[seen.file], readable[file])) {
        const key = `${seen.file} ${file}`;
        const pair = found.get(key);
        if (pair === undefined) found.set(key, { file, other: seen.file, count: 1, line, at: seen.line });
        else pair.count += 1;
      }
    }
  return [...found.values()]
    .map(({ file, other, count, line, at }): Shared => {
      const [a, b] = [readable[file], readable[other]];
      const smaller = Math.max(1, Math.min(a?.segments.marks.length ?? 0, b?.segments.marks.length ?? 0));
      const share = Math.min(1, count / smaller);
      const rows = Math.min(count * SEGMENT_SAMPLING, a?.file.rows ?? 0);
      const text = `about ${rows} rows, ${finePercent(share)}, of ${b?.file.path}: line ${line} is line ${at} there`;
      return { path: a?.file.path ?? '', count: rows, share, samples: [{ line, text }] };
    })
    .sort((a, b) => b.share - a.share);
}

/**
 * Stretches that follow those of a file of another fold nearly: a copy with noise, or in other
 * units. Equal ones are `unseen-rows`' affair.
 */
function nearCopies(readable: readonly FileFacts[]): GateResult {
  const patterns = readable.map((facts) => facts.patterns);
  const copies = findNearCopies(patterns, (file, other) => {
    const [a, b] = [readable[file], readable[other]];
    if (!apart(a, b)) return false;
    const marks = new Set(a?.segments.marks);
    return b?.segments.marks.some((mark) => marks.has(mark)) !== true;
  });
  return complaintGate(readable, {
    name: 'near-copies',
    what: 'rows follow rows of a file of another fold, as a copy with noise does',
    complain: (facts) => {
      const found = copies.filter(({ file }) => readable[file] === facts);
      const samples = found.map(({ other, from, rows, shift, correlation }) => {
        const [line, there] = [lineAt(facts.patterns, from), readable[other]];
        const at = there === undefined ? 0 : lineAt(there.patterns, from + shift);
        const share = finePercent(rows / facts.file.rows);
        const text = `${rows} rows, ${share}, from line ${line} on follow ${there?.file.path} from line ${at} on, correlation ${correlation.toFixed(2)}`;
        return { line, text };
      });
      const rows = found.reduce((sum, copy) => sum + copy.rows, 0);
      return { count: Math.min(rows, facts.file.rows), samples };
    },
    status: 'warn',
    pass: 'no stretch of readings follows one of another fold',
    hint: 'Put what belongs together into one file, or declare data.device',
  });
}

/**
 * Held out in different folds; a file that is never held out trains in every fold. Whole copies are
 * `distinct-files`' affair.
 */
function apart(a: FileFacts | undefined, b: FileFacts | undefined): boolean {
  return a?.file.fold !== b?.file.fold && a?.file.sha256 !== b?.file.sha256;
}

/** Files of one device that cover the same time hold the same moments twice. */
function deviceSpans(readable: readonly FileFacts[]): GateResult {
  const byDevice = new Map<string, FileFacts[]>();
  for (const facts of readable)
    if (facts.file.device !== undefined && facts.span !== null)
      byDevice.set(facts.file.device, [...(byDevice.get(facts.file.device) ?? []), facts]);
  const overlapping = new Map<FileFacts, { other: FileFacts; device: string }>();
  for (const [device, files] of byDevice) {
    let last: FileFacts | undefined;
    for (const facts of files.toSorted((a, b) => (a.span?.from ?? 0) - (b.span?.from ?? 0))) {
      if (last?.span && facts.span && facts.span.from <= last.span.to)
        overlapping.set(facts, { other: last, device });
      if ((facts.span?.to ?? 0) > (last?.span?.to ?? -Infinity)) last = facts;
    }
  }
  const leaks = [...overlapping].some(([facts, { other }]) => facts.file.fold !== other.file.fold);
  return complaintGate(readable, {
    name: 'device-spans',
    what: 'files cover a time that another file of the same device covers too',
    complain: (facts) => {
      const found = overlapping.get(facts);
      if (found === undefined) return { count: 0, samples: [] };
      const from = new Date(facts.span?.from ?? 0).toISOString();
      const text = `${found.device} from ${from} on is also in ${found.other.file.path}`;
      return { count: 1, samples: [{ line: 2, text }] };
    },
    status: leaks ? 'fail' : 'warn',
    pass: byDevice.size === 0 ? 'data.device names no devices' : `${byDevice.size} devices, each moment once`,
  });
}
