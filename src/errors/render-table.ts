import { ERRORS } from './table.ts';

/** The page docs/errors.md, made from the error table; `npm run docs` writes it anew. */
export function renderErrorTable(): string {
  const inCheckout = (hint: string): string => hint.replaceAll('`windlass ', '`./windlass ');
  const rows = Object.entries(ERRORS).map(
    ([code, e]) =>
      `| \`${code}\` | ${e.status} | ${e.exit} | ${e.retryable ? 'yes' : 'no'} | ${inCheckout(e.hint)} |`,
  );
  return [
    '# Errors',
    '',
    'With `--json` a command that fails prints `{"error": {code, message, hint, details}}`. The API',
    'answers with the same body. Temporal repeats an activity only for a retryable error.',
    '',
    '| code | HTTP status | exit code | retryable | what to do |',
    '|---|---:|---:|---|---|',
    ...rows,
    '',
  ].join('\n');
}
