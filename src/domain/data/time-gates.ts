import type { GateResult } from '../../contracts/gate.ts';
import type { ProjectSpec } from '../../contracts/project/project.ts';
import type { FileFacts } from './file-facts.ts';
import type { Sample } from './findings.ts';
import { complaintGate } from './gate-parts.ts';
import { dataGateSettings } from './settings.ts';
import { TIME_FORMATS } from './timestamp.ts';

const NONE = { count: 0, samples: [] };
const DAY = 86_400_000;
const YEAR = 365 * DAY;

interface Complaints {
  readonly count: number;
  readonly samples: readonly Sample[];
}

/**
 * Are the times readable and believable, written one way per file, each once, in order, and without
 * long gaps?
 */
export function timeGates(readable: readonly FileFacts[], spec: ProjectSpec, now: number): GateResult[] {
  const { gapFactor, earliest, latest } = dataGateSettings(spec);
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
      complain: formats,
      pass: 'each file writes its times one way',
    }),
    timeZones(readable),
    believableTimes(readable, { earliest, latest, now }),
    complaintGate(readable, {
      name: 'duplicate-timestamps',
      what: 'duplicate timestamps',
      complain: ({ duplicateTimes }) => duplicateTimes,
      pass: 'no time occurs twice in a file',
    }),
    complaintGate(readable, {
      name: 'duplicate-rows',
      what: 'rows stand in their file twice, with the same time and readings',
      complain: ({ duplicateRows }) => duplicateRows,
      pass: 'no row stands in its file twice',
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
      what: `gaps longer than ${gapFactor} times the usual step`,
      complain: ({ gaps }) => gaps,
      status: 'warn',
      pass: 'no long gaps',
      hint: 'A window across a gap joins rows that do not belong together',
    }),
    complaintGate(readable, {
      name: 'daylight-saving',
      what: 'steps of an hour on a Sunday night',
      complain: ({ daylightSaving }) => daylightSaving,
      status: 'warn',
      pass: 'no clock was changed',
      hint: 'This is local time with daylight saving, read as UTC: write times in UTC, or with their offset',
    }),
  ];
}

function formats({ table }: FileFacts): Complaints {
  const counts = [...(table?.timeFormats ?? [])].sort((a, b) => b[1] - a[1]);
  if (counts.length < 2) return NONE;
  return {
    count: counts.slice(1).reduce((sum, [, count]) => sum + count, 0),
    samples: counts.map(([format, count]) => ({
      line: 0,
      text: `${count} rows like ${TIME_FORMATS[format]}`,
    })),
  };
}

/**
 * A file with one offset in winter and another in summer is sound; one that goes to and fro was put
 * together from two.
 */
function timeZones(readable: readonly FileFacts[]): GateResult {
  return complaintGate(readable, {
    name: 'time-zones',
    what: 'times are written with another offset than most of their file',
    complain: ({ table, span }) => {
      if (table === null || span === null || table.zones.size < 2) return NONE;
      const years = Math.ceil((span.to - span.from) / YEAR) + 1;
      if (table.zones.size === 2 && table.zoneChanges <= 2 * years && inSeason(table.zones)) return NONE;
      const zones = [...table.zones].sort((a, b) => b[1].count - a[1].count);
      return {
        count: zones.slice(1).reduce((sum, [, { count }]) => sum + count, 0),
        samples: zones.map(([zone, { count, line }]) => {
          return { line, value: zone, text: `${count} times with ${zone}, the first in line ${line}` };
        }),
      };
    },
    pass: 'each file writes its times with one offset',
    hint: 'Parts of several sources may have been joined: write all times in UTC',
  });
}

/** Two offsets an hour apart. */
function inSeason(zones: ReadonlyMap<string, unknown>): boolean {
  const [a = 0, b = 0] = [...zones.keys()].map((zone) => {
    const [, sign, hours, minutes = 0] = /^([+-])(\d{2}):?(\d{2})?$/.exec(zone) ?? [];
    const size = hours === undefined ? 0 : Number(hours) * 60 + Number(minutes);
    return sign === '-' ? -size : size;
  });
  return Math.abs(a - b) === 60;
}

function believableTimes(
  readable: readonly FileFacts[],
  { earliest, latest, now }: { earliest: string; latest: string; now: number },
): GateResult {
  const wrong = complaintGate(readable, {
    name: 'believable-times',
    what: `times lie before ${earliest} or after ${latest}`,
    complain: ({ unbelievable }) => unbelievable,
    pass: `every time lies between ${earliest} and today`,
    hint: 'A clock that was not set, or numbers of another unit; data.gates.earliest and .latest set the limits',
  });
  if (wrong.status !== 'pass') return wrong;
  return complaintGate(readable, {
    name: 'believable-times',
    what: 'files end in the future',
    complain: ({ span }) =>
      span === null || span.to <= now + DAY
        ? NONE
        : {
            count: 1,
            samples: [{ line: span.toLine, text: `line ${span.toLine}: ${new Date(span.to).toISOString()}` }],
          },
    status: 'warn',
    pass: wrong.reason,
  });
}
