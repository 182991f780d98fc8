/**
 * A CSV text taken apart: `rows` yields the cells of each record after the header, with the line it
 * starts on.
 */
export interface CsvTable {
  readonly delimiter: ';' | ',';
  readonly header: readonly string[];
  rows(): Generator<CsvRow>;
}

export interface CsvRow {
  /** Line of the file, the header being line 1. */
  readonly line: number;
  readonly cells: readonly string[];
  /**
   * A quote that is never closed, text after a closing quote, or more than a record can be; `cells`
   * are cut then.
   */
  readonly malformed: boolean;
}

/**
 * Longest record, in UTF-16 units: a longer one is a quote that is never closed, or no table at
 * all.
 */
const MAX_RECORD = 1_048_576;
const TOO_LONG = { cells: [''], malformed: true } as const;

/**
 * Reads CSV strictly (RFC 4180 quotes, LF or CRLF, `;` or `,` as the header has it): every record
 * is given as it is, none is skipped, guessed or repaired. Undefined when there is no header.
 */
export function parseCsv(text: string): CsvTable | undefined {
  const start = text.charCodeAt(0) === 0xfeff ? 1 : 0;
  const headerEnd = lineEnd(text, start);
  const headerText = text.slice(start, headerEnd.end);
  if (headerText.trim() === '') return undefined;
  const delimiter = headerText.includes(';') ? ';' : ',';
  const header = splitQuoted(headerText, delimiter).cells.map((name) => name.trim());
  // Quotes are rare in sensor data; without one, a record is a line.
  const rows = text.includes('"')
    ? () => quotedRows(text, headerEnd.next, delimiter)
    : () => plainRows(text, headerEnd.next, delimiter);
  return { delimiter, header, rows };
}

function lineEnd(text: string, from: number): { end: number; next: number } {
  const newline = text.indexOf('\n', from);
  if (newline === -1) return { end: text.length, next: text.length };
  const end = newline > from && text[newline - 1] === '\r' ? newline - 1 : newline;
  return { end, next: newline + 1 };
}

function* plainRows(text: string, from: number, delimiter: string): Generator<CsvRow> {
  for (let line = 2, at = from; at < text.length; line += 1) {
    const { end, next } = lineEnd(text, at);
    const record = text.slice(at, end);
    at = next;
    if (record === '' && isBlank(text, at)) return;
    if (record.length > MAX_RECORD) yield { line, ...TOO_LONG };
    else yield { line, cells: record.split(delimiter), malformed: false };
  }
}

function* quotedRows(text: string, from: number, delimiter: string): Generator<CsvRow> {
  for (let line = 2, at = from; at < text.length;) {
    const started = line;
    let { end, next } = lineEnd(text, at);
    line += 1;
    // A quoted cell may hold line breaks: the record goes on while a quote is open.
    let open = oddQuotes(text.slice(at, end));
    while (open && next < text.length && end - at <= MAX_RECORD) {
      const from = next;
      ({ end, next } = lineEnd(text, next));
      if (oddQuotes(text.slice(from, end))) open = false;
      line += 1;
    }
    const record = text.slice(at, end);
    at = next;
    if (record === '' && isBlank(text, at)) return;
    yield { line: started, ...(record.length > MAX_RECORD ? TOO_LONG : splitQuoted(record, delimiter)) };
  }
}

function isBlank(text: string, from: number): boolean {
  for (let i = from; i < text.length; i += 1) if (text[i] !== '\n' && text[i] !== '\r') return false;
  return true;
}

function oddQuotes(record: string): boolean {
  let quotes = 0;
  for (let i = record.indexOf('"'); i !== -1; i = record.indexOf('"', i + 1)) quotes += 1;
  return quotes % 2 === 1;
}

function splitQuoted(record: string, delimiter: string): { cells: string[]; malformed: boolean } {
  const cells: string[] = [];
  let malformed = false;
  let at = 0;
  for (;;) {
    if (record[at] !== '"') {
      const end = record.indexOf(delimiter, at);
      const cell = end === -1 ? record.slice(at) : record.slice(at, end);
      malformed ||= cell.includes('"');
      cells.push(cell);
      if (end === -1) return { cells, malformed };
      at = end + 1;
      continue;
    }
    let cell = '';
    let close = at + 1;
    for (;;) {
      const quote = record.indexOf('"', close);
      if (quote === -1) return { cells: [...cells, cell + record.slice(close)], malformed: true };
      cell += record.slice(close, quote);
      if (record[quote + 1] !== '"') {
        close = quote + 1;
        break;
      }
      cell += '"';
      close = quote + 2;
    }
    cells.push(cell);
    if (close === record.length) return { cells, malformed };
    if (record[close] !== delimiter) return { cells, malformed: true };
    at = close + 1;
  }
}
