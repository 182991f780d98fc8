import { readdirSync, readFileSync, statSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { EDGE_FILES, EDGE_PACKAGES } from '../../edge/package-files.ts';

const ROOT = join(import.meta.dirname, '../..');

function filesOf(path: string): string[] {
  if (statSync(join(ROOT, path)).isFile()) return [path];
  return readdirSync(join(ROOT, path)).flatMap((name) => filesOf(join(path, name)));
}

/** Modules that a file loads at run time: types are gone by then. */
function importsOf(file: string): string[] {
  const source = readFileSync(join(ROOT, file), 'utf8');
  const statements = source.matchAll(
    /^(?:import|export)\s(?!type\b)[^;]*?from '([^']+)'|\bimport\('([^']+)'\)/gm,
  );
  return [...statements].map((match) => (match[1] ?? match[2]) as string);
}

const files = EDGE_FILES.flatMap(filesOf);

test('the files of the image import only each other', () => {
  const missing = files.flatMap((file) =>
    importsOf(file)
      .filter((name) => name.startsWith('.'))
      .map((name) => relative(ROOT, join(ROOT, dirname(file), name)))
      .filter((target) => !files.includes(target)),
  );
  expect(files).toContain('edge/main.ts');
  expect(missing).toEqual([]);
});

test('the packages of the image are those that its files import', () => {
  const packages = files.flatMap(importsOf).filter((name) => !name.startsWith('.') && !isBuiltin(name));
  expect([...new Set(packages)].sort()).toEqual([...EDGE_PACKAGES].sort());
});
