import { readFileSync } from 'node:fs';
import { ERRORS_PAGE, renderErrorTable } from '../../src/errors/render-table.ts';
import { ERRORS } from '../../src/errors/table.ts';

describe('the error table', () => {
  test('gives every code an exit code of its own, above those of shells for success and for failure', () => {
    const codes = Object.values(ERRORS).map((e) => e.exit);
    expect(new Set(codes).size).toBe(codes.length);
    expect(Math.min(...codes)).toBeGreaterThan(1);
    expect(Math.max(...codes)).toBeLessThan(126);
  });

  test('is what docs/errors.md says', () => {
    expect(readFileSync(ERRORS_PAGE, 'utf8')).toBe(renderErrorTable());
  });
});
