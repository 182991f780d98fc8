import type { GateResult } from '../../contracts/gate.ts';
import type { FileFacts } from './file-facts.ts';
import { complaintGate } from './gate-parts.ts';
import { TIME_FORMATS } from './timestamp.ts';

const NONE = { count: 0, samples: [] };

/** Are the times readable, written one way per file, each once, in order, and without long gaps? */
export function timeGates(readable: readonly FileFacts[]): GateResult[] {
  return [
    complaintGate(readable, {
      name: 'timestamps',
      what: 'times cannot be read or do not exist',
      complain: ({ table }) => table?.findings.badTimes ?? NONE,
      pass: 'every time can be read',
      hint: `Accepted are times such as ${Object.values(TIME_FORMATS).join(', ')}`,
    }),
    complaintGate(readable, {
      name: 'time-format',
      what: 'rows have their time written in another way than the rest of their file',
      complain: ({ table }) => {
        const counts = [...(table?.timeFormats ?? [])].sort((a, b) => b[1] - a[1]);
        const others = counts.slice(1);
        return {
          count: others.reduce((sum, [, count]) => sum + count, 0),
          samples:
            counts.length < 2
              ? []
              : counts.map(([format, count]) => `${count} rows like ${TIME_FORMATS[format]}`),
        };
      },
      pass: 'each file writes its times one way',
    }),
    complaintGate(readable, {
      name: 'duplicate-timestamps',
      what: 'duplicate timestamps',
      complain: ({ duplicateTimes }) => duplicateTimes,
      pass: 'no time occurs twice in a file',
    }),
    complaintGate(readable, {
      name: 'time-order',
      what: 'rows are older than the row before them',
      complain: ({ disorder }) => disorder,
      pass: 'rows are in the order of time',
      hint: 'Windows are made of consecutive rows: sort the file by time',
    }),
    complaintGate(readable, {
      name: 'time-gaps',
      what: 'gaps longer than 60 times the usual step',
      complain: ({ gaps }) => gaps,
      status: 'warn',
      pass: 'no long gaps',
      hint: 'A window across a gap joins rows that do not belong together',
    }),
  ];
}
