import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectFields, renderWindlassYaml } from '../../docs/render-windlass-yaml.ts';

describe('the page of windlass.yaml', () => {
  test('is what docs/windlass-yaml.md says', () => {
    const page = readFileSync(join(import.meta.dirname, '../../docs/windlass-yaml.md'), 'utf8');
    expect(page).toBe(renderWindlassYaml());
  });

  test('says what every field means', () => {
    const silent = projectFields().filter(({ schema }) => (schema.description ?? '') === '');
    expect(silent.map(({ path }) => path)).toEqual([]);
  });
});
