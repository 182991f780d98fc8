import { HubError } from './hub-error.ts';

export interface Token {
  readonly kind: 'word' | 'string' | 'number' | 'symbol' | 'end';
  readonly text: string;
  readonly at: number;
}

const PATTERN =
  /(?<space>\s+)|(?<string>'(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.|"")*")|(?<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|(?<bracket>\[\[.*?\]\])|(?<word>[$A-Za-z_][$A-Za-z0-9_]*)|(?<symbol><=|>=|!=|<>|[=<>(),.*[\]])/y;

/** Cuts a query into tokens; throws ArgumentInvalid with the position of what cannot be read. */
export function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  PATTERN.lastIndex = 0;
  let at = 0;
  while (at < text.length) {
    const match = PATTERN.exec(text);
    if (!match?.groups) throw syntaxError(`unexpected "${text.slice(at, at + 10)}"`, at);
    const { string, number, bracket, word, symbol } = match.groups;
    if (string !== undefined) tokens.push({ kind: 'string', text: unquote(string), at });
    else if (number !== undefined) tokens.push({ kind: 'number', text: number, at });
    else if (bracket !== undefined) tokens.push({ kind: 'word', text: bracket.slice(2, -2), at });
    else if (word !== undefined) tokens.push({ kind: 'word', text: word, at });
    else if (symbol !== undefined) tokens.push({ kind: 'symbol', text: symbol === '<>' ? '!=' : symbol, at });
    at = PATTERN.lastIndex;
  }
  tokens.push({ kind: 'end', text: '', at: text.length });
  return tokens;
}

function unquote(literal: string): string {
  const quote = literal[0] ?? "'";
  return literal
    .slice(1, -1)
    .replaceAll(quote + quote, quote)
    .replace(/\\(.)/g, '$1');
}

export function syntaxError(reason: string, at: number): HubError {
  return new HubError('ArgumentInvalid', `BadRequest: Syntax error at position ${at}: ${reason}.`);
}
