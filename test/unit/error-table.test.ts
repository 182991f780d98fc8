import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { renderErrorTable } from '../../src/errors/render-table.ts';
import { ERRORS } from '../../src/errors/table.ts';

describe('the error table', () => {
  test('gives every code an exit code of its own, above those of shells for success and for failure', () => {
    const codes = Object.values(ERRORS).map((e) => e.exit);
    expect(new Set(codes).size).toBe(codes.length);
    expect(Math.min(...codes)).toBeGreaterThan(1);
    expect(Math.max(...codes)).toBeLessThan(126);
  });

  test('is what docs/errors.md says', () => {
    expect(readFileSync(join(import.meta.dirname, '../../docs/errors.md'), 'utf8')).toBe(renderErrorTable());
  });
});
