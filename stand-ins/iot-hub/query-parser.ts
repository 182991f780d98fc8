import type { Comparison, Condition, Operand, Path, Query, Selected } from './query-ast.ts';
import { syntaxError, tokenize, type Token } from './query-tokens.ts';

const COMPARISONS: readonly string[] = ['=', '!=', '<', '<=', '>', '>='];

/** Parses a whole query; throws ArgumentInvalid that names the position and what was expected. */
export function parseQuery(text: string): Query {
  const parser = new Parser(tokenize(text));
  const query = parser.query();
  parser.end();
  return query;
}

/**
 * Parses the target condition of a configuration; `*` and the empty text mean every device and
 * none: both give null.
 */
export function parseCondition(text: string): Condition | null {
  if (text.trim() === '' || text.trim() === '*') return null;
  const parser = new Parser(tokenize(text));
  const condition = parser.condition();
  parser.end();
  return condition;
}

class Parser {
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  query(): Query {
    this.#expectWord('SELECT');
    const top = this.#takeWord('TOP') ? this.#number() : null;
    const select = this.#takeSymbol('*') ? null : this.#list(() => this.#selected());
    this.#expectWord('FROM');
    const from = this.#path().join('.').toLowerCase();
    if (from !== 'devices' && from !== 'devices.modules')
      throw syntaxError(
        `"FROM ${from}" is not supported; expected devices or devices.modules`,
        this.#token().at,
      );

    const where = this.#takeWord('WHERE') ? this.condition() : null;
    let groupBy: Path[] = [];
    if (this.#takeWord('GROUP')) {
      this.#expectWord('BY');
      groupBy = this.#list(() => this.#path());
    }
    this.#checkGrouping(select, groupBy);
    return { select, top, from, where, groupBy };
  }

  condition(): Condition {
    let left = this.#conjunction();
    while (this.#takeWord('OR')) left = { kind: 'or', left, right: this.#conjunction() };
    return left;
  }

  end(): void {
    const token = this.#token();
    if (token.kind !== 'end') throw syntaxError(`unexpected "${token.text}"`, token.at);
  }

  #checkGrouping(select: readonly Selected[] | null, groupBy: readonly Path[]): void {
    const counts = select?.some((item) => item.kind === 'count') ?? false;
    if (!counts && groupBy.length === 0) return;
    const stray = (select ?? []).find(
      (item) => item.kind === 'path' && !groupBy.some((path) => path.join('.') === item.path.join('.')),
    );
    if (select === null || stray)
      throw syntaxError('a selected property must be in GROUP BY', this.#token().at);
  }

  #conjunction(): Condition {
    let left = this.#negation();
    while (this.#takeWord('AND')) left = { kind: 'and', left, right: this.#negation() };
    return left;
  }

  #negation(): Condition {
    if (this.#takeWord('NOT')) return { kind: 'not', operand: this.#negation() };
    if (this.#takeSymbol('(')) {
      const inner = this.condition();
      this.#expectSymbol(')');
      return inner;
    }
    return this.#predicate();
  }

  #predicate(): Condition {
    const called = this.#call();
    if (called) return called;
    const left = this.#operand();
    const token = this.#token();
    for (const [word, negated] of [
      ['IN', false],
      ['NIN', true],
    ] as const) {
      if (!this.#takeWord(word)) continue;
      this.#expectSymbol('[');
      const list = this.#list(() => this.#operand());
      this.#expectSymbol(']');
      return { kind: 'in', negated, left, list };
    }
    if (token.kind === 'symbol' && COMPARISONS.includes(token.text)) {
      this.#at += 1;
      return { kind: 'compare', operator: token.text as Comparison, left, right: this.#operand() };
    }
    throw syntaxError(`expected a comparison, IN or NIN instead of "${token.text}"`, token.at);
  }

  #call(): Condition | null {
    const token = this.#token();
    const next = this.#tokens[this.#at + 1];
    if (token.kind !== 'word' || next?.text !== '(') return null;
    this.#at += 2;
    const name = token.text.toUpperCase();
    if (name === 'IS_DEFINED') {
      const path = this.#path();
      this.#expectSymbol(')');
      return { kind: 'defined', path };
    }
    if (name === 'STARTSWITH' || name === 'STARTS_WITH') {
      const left = this.#operand();
      this.#expectSymbol(',');
      const right = this.#operand();
      this.#expectSymbol(')');
      return { kind: 'startsWith', left, right };
    }
    throw syntaxError(`the function ${token.text} is not supported`, token.at);
  }

  #selected(): Selected {
    const token = this.#token();
    if (this.#tokens[this.#at + 1]?.text === '(') {
      if (token.text.toUpperCase() !== 'COUNT')
        throw syntaxError(`the aggregate ${token.text} is not supported`, token.at);
      this.#at += 2;
      this.#expectSymbol(')');
      return { kind: 'count', name: this.#alias() ?? 'COUNT' };
    }
    const path = this.#path();
    return { kind: 'path', path, name: this.#alias() ?? path.at(-1) ?? '' };
  }

  #alias(): string | null {
    if (!this.#takeWord('AS')) return null;
    const token = this.#next();
    if (token.kind !== 'word') throw syntaxError('expected a name after AS', token.at);
    return token.text;
  }

  #operand(): Operand {
    const token = this.#token();
    if (token.kind === 'string' || token.kind === 'number') {
      this.#at += 1;
      return { kind: 'value', value: token.kind === 'number' ? Number(token.text) : token.text };
    }
    for (const [word, value] of [
      ['TRUE', true],
      ['FALSE', false],
      ['NULL', null],
    ] as const)
      if (this.#takeWord(word)) return { kind: 'value', value };

    return { kind: 'path', path: this.#path() };
  }

  #path(): string[] {
    const path = [this.#name()];
    for (;;)
      if (this.#takeSymbol('.')) {
        path.push(this.#name());
      } else if (this.#takeSymbol('[')) {
        path.push(this.#next().text);
        this.#expectSymbol(']');
      } else {
        return path;
      }
  }

  #name(): string {
    const token = this.#next();
    if (token.kind !== 'word') throw syntaxError(`expected a property instead of "${token.text}"`, token.at);
    return token.text;
  }

  #number(): number {
    const token = this.#next();
    if (token.kind !== 'number') throw syntaxError(`expected a number instead of "${token.text}"`, token.at);
    return Number(token.text);
  }

  #list<T>(item: () => T): T[] {
    const items = [item()];
    while (this.#takeSymbol(',')) items.push(item());
    return items;
  }

  #token(): Token {
    return this.#tokens[this.#at] ?? { kind: 'end', text: '', at: 0 };
  }

  #next(): Token {
    const token = this.#token();
    this.#at += 1;
    return token;
  }

  #takeWord(word: string): boolean {
    const token = this.#token();
    if (token.kind !== 'word' || token.text.toUpperCase() !== word) return false;
    this.#at += 1;
    return true;
  }

  #takeSymbol(symbol: string): boolean {
    const token = this.#token();
    if (token.kind !== 'symbol' || token.text !== symbol) return false;
    this.#at += 1;
    return true;
  }

  #expectWord(word: string): void {
    const token = this.#token();
    if (!this.#takeWord(word)) throw syntaxError(`expected ${word} instead of "${token.text}"`, token.at);
  }

  #expectSymbol(symbol: string): void {
    const token = this.#token();
    if (!this.#takeSymbol(symbol))
      throw syntaxError(`expected "${symbol}" instead of "${token.text}"`, token.at);
  }
}
