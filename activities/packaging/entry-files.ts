import { IMAGE_LAYOUT } from '../../src/contracts/device/model-manifest.ts';
import type { ProjectSpec } from '../../src/contracts/project/project.ts';
import { WindlassError } from '../../src/errors/windlass-error.ts';
import type { ImageEntry } from '../../src/ports/image-assembler.ts';
import type { ProjectFile } from '../../src/ports/source-control.ts';

const ENTRY = IMAGE_LAYOUT.entry.split('/').at(-1) ?? 'entry.js';
const FOLDER = IMAGE_LAYOUT.entry.slice(0, -ENTRY.length);

/**
 * Files of the entry layer: the script and the assets keep their places in the project below
 * `windlass/entry`, and `entry.js` is the script itself or leads to it. An asset may be a folder.
 * Throws PROJECT_INVALID for a file that the project lacks.
 */
export function entryFiles(files: readonly ProjectFile[], serve: ProjectSpec['serve']): ImageEntry[] {
  const script = clean(serve.entry);
  const chosen = new Map<string, ProjectFile>();
  const take = (name: string, field: string): void => {
    const found = files.filter((file) => file.path === name || file.path.startsWith(`${name}/`));
    if (found.length === 0)
      throw new WindlassError(
        'PROJECT_INVALID',
        `windlass.yaml: ${field} names "${name}", which the project lacks.`,
        {
          hint: 'Add the file and commit it, or correct the name.',
          details: { field, path: name },
        },
      );
    for (const file of found) chosen.set(file.path, file);
  };
  take(script, 'serve.entry');
  for (const asset of serve.assets) take(clean(asset), 'serve.assets');

  const entries = [...chosen.values()].map(toEntry);
  if (script !== ENTRY) {
    const other = chosen.get(ENTRY);
    if (other !== undefined)
      throw new WindlassError(
        'PROJECT_INVALID',
        `The asset "${ENTRY}" has the name that the entry script gets.`,
        {
          hint: 'Give the asset another name.',
        },
      );
    entries.push(text(ENTRY, `export * from ${JSON.stringify(`./${script}`)};\n`));
  }
  if (!chosen.has('package.json')) entries.push(text('package.json', '{"private":true,"type":"module"}\n'));
  return entries;
}

function toEntry(file: ProjectFile): ImageEntry {
  const path = `${FOLDER}${file.path}`;
  if (file.kind === 'link') return { type: 'symlink', path, target: file.content.toString('utf8') };
  return { type: 'file', path, content: file.content, mode: file.kind === 'executable' ? 0o755 : 0o644 };
}

function text(name: string, content: string): ImageEntry {
  return { type: 'file', path: `${FOLDER}${name}`, content: Buffer.from(content) };
}

function clean(path: string): string {
  return path
    .split(/[\\/]/)
    .filter((part) => part !== '' && part !== '.')
    .join('/');
}
