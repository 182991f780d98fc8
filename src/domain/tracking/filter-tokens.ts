import { SearchProblem } from './search-problem.ts';

/**
 * `word` is an identifier part or a keyword, `quoted` a key in backticks or double quotes, `text` a
 * quoted value (double quotes may hold either, so they count as `quoted` and as value), `number` a
 * literal, `sign` a comparator or punctuation.
 */
export interface FilterToken {
  readonly kind: 'word' | 'quoted' | 'text' | 'number' | 'sign' | 'end';
  /** Without quotes; of a word and a sign as written. */
  readonly value: string;
  /** 1-based, of its first character. */
  readonly position: number;
}

const PATTERNS: readonly (readonly [FilterToken['kind'], RegExp])[] = [
  ['number', /[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?![\w.])/y],
  ['word', /[\p{L}_][\p{L}\p{N}_]*/uy],
  ['sign', /<=|>=|!=|<>|==|[=<>(),.]/y],
];
const QUOTES = { '`': 'quoted', '"': 'quoted', "'": 'text' } as const;

/**
 * The tokens of a filter, with an `end` behind the last; throws SearchProblem at a character that
 * starts none.
 */
export function filterTokens(text: string): FilterToken[] {
  const tokens: FilterToken[] = [];
  let at = 0;
  for (;;) {
    at += /\s*/y.exec(text.slice(at))?.[0].length ?? 0;
    const position = at + 1;
    const first = text[at];
    if (first === undefined) return [...tokens, { kind: 'end', value: '', position }];
    if (first === '`' || first === '"' || first === "'") {
      const { value, end } = readQuoted(text, at, first);
      tokens.push({ kind: QUOTES[first], value, position });
      at = end;
      continue;
    }
    const found = PATTERNS.map(([kind, pattern]) => {
      pattern.lastIndex = at;
      return { kind, value: pattern.exec(text)?.[0] };
    }).find(({ value }) => value !== undefined);
    if (found?.value === undefined)
      throw new SearchProblem(
        `Unexpected character ${JSON.stringify(first)}; a key that holds it is written in backticks`,
        position,
      );
    tokens.push({ kind: found.kind, value: found.value, position });
    at += found.value.length;
  }
}

/** A quote inside is written twice, as in SQL. */
function readQuoted(text: string, start: number, quote: string): { value: string; end: number } {
  let value = '';
  for (let at = start + 1; at < text.length; at += 1)
    if (text[at] !== quote) {
      value += text[at];
    } else if (text[at + 1] === quote) {
      value += quote;
      at += 1;
    } else {
      return { value, end: at + 1 };
    }

  throw new SearchProblem(`The quote ${quote} is not closed`, start + 1);
}
