/**
 * The time formats that data files may use; one file uses one of them. A time without a zone counts
 * as UTC.
 */
export const TIME_FORMATS = {
  space: '2020-03-09 10:14:33',
  'space-zone': '2020-03-09 10:14:33+01:00',
  t: '2020-03-09T10:14:33',
  't-zone': '2020-03-09T10:14:33Z',
  'epoch-seconds': '1583748873',
  'epoch-milliseconds': '1583748873000',
} as const;
export type TimeFormat = keyof typeof TIME_FORMATS;

const ISO =
  /^(\d{4})-(\d{2})-(\d{2})([ T])(\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?\s?(Z|[+-]\d{2}(?::?\d{2})?)?$/;
const EPOCH = /^\d{10}(\.\d{1,9})?$|^\d{13}$/;
const DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/**
 * Milliseconds since 1970 of a time as text, and the zone it is written with; undefined when it has
 * no known format or does not exist (30 February).
 */
export function parseTimestamp(text: string): { ms: number; format: TimeFormat; zone?: string } | undefined {
  const match = ISO.exec(text);
  if (match === null) {
    if (!EPOCH.test(text)) return undefined;
    const number = Number(text);
    return number < 1e12
      ? { ms: number * 1000, format: 'epoch-seconds' }
      : { ms: number, format: 'epoch-milliseconds' };
  }
  const [year, month, day] = [Number(match[1]), Number(match[2]), Number(match[3])];
  const [hour, minute, second] = [Number(match[5]), Number(match[6]), Number(match[7] ?? 0)];
  if (hour > 23 || minute > 59 || second > 59 || year < 1970 || year > 2100) return undefined;
  if (day < 1 || day > daysIn(year, month)) return undefined;
  const zone = match[9];
  const fraction = match[8] === undefined ? 0 : Number(`0.${match[8]}`) * 1000;
  const ms = Date.UTC(year, month - 1, day, hour, minute, second) + fraction - zoneOffset(zone);
  const base = match[4] === 'T' ? 't' : 'space';
  return zone === undefined ? { ms, format: base } : { ms, format: `${base}-zone`, zone };
}

function daysIn(year: number, month: number): number {
  const leap = month === 2 && year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  return (DAYS[month - 1] ?? 0) + (leap ? 1 : 0);
}

function zoneOffset(zone: string | undefined): number {
  if (zone === undefined || zone === 'Z') return 0;
  const digits = zone.replace(/[^0-9]/g, '').padEnd(4, '0');
  const minutes = Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2, 4));
  return (zone.startsWith('-') ? -minutes : minutes) * 60_000;
}
