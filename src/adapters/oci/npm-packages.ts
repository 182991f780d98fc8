import { readFile, readdir } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { z } from 'zod';
import { WindlassError } from '../../errors/windlass-error.ts';
import type { ImageEntry } from '../../ports/image-assembler.ts';
import { nodeArch } from './platform.ts';

const packageSchema = z.looseObject({
  name: z.string(),
  version: z.string(),
  dependencies: z.record(z.string(), z.string()).default({}),
  optionalDependencies: z.record(z.string(), z.string()).default({}),
  peerDependencies: z.record(z.string(), z.string()).default({}),
});

interface InstalledPackage {
  readonly name: string;
  readonly version: string;
  readonly dir: string;
}

/**
 * Packages that only an install script uses, which never runs here (it would fetch GPU libraries).
 */
const INSTALL_ONLY: Readonly<Record<string, readonly string[]>> = {
  'onnxruntime-node': ['adm-zip', 'global-agent'],
};

/**
 * What a running program never reads: TypeScript (Node runs none below node_modules), source maps,
 * docs, tests. Licences stay.
 */
const LEFT_OUT_FILES = /\.([cm]?ts|map|md|markdown|tsbuildinfo|flow)$/i;
const LEFT_OUT_FOLDERS = new Set([
  'node_modules',
  'test',
  'tests',
  '__tests__',
  'docs',
  'example',
  'examples',
  'benchmark',
  'benchmarks',
  'coverage',
  '.github',
]);

/**
 * The installed packages that `names` need at run time, themselves included, in the order of their
 * folders.
 */
async function packageClosure(names: readonly string[], root: string): Promise<InstalledPackage[]> {
  const found = new Map<string, InstalledPackage>();
  const visit = async (name: string, from: string, optional: boolean): Promise<void> => {
    const dir = await locate(name, from, root);
    if (dir === undefined) {
      if (optional) return;
      throw new WindlassError('PACKAGING_FAILED', `The npm package ${name} is not installed.`, {
        hint: 'Run `npm ci`, then package again.',
        details: { name, neededBy: relative(root, from) },
      });
    }
    if (found.has(dir)) return;
    const spec = packageSchema.parse(JSON.parse(await readFile(join(dir, 'package.json'), 'utf8')));
    found.set(dir, { name: spec.name, version: spec.version, dir });
    const skipped = INSTALL_ONLY[spec.name] ?? [];
    for (const dependency of Object.keys(spec.dependencies))
      if (!skipped.includes(dependency))
        await visit(dependency, dir, Object.hasOwn(spec.optionalDependencies, dependency));
    for (const dependency of Object.keys({ ...spec.optionalDependencies, ...spec.peerDependencies }))
      if (!Object.hasOwn(spec.dependencies, dependency)) await visit(dependency, dir, true);
  };
  for (const name of names) await visit(name, root, false);
  return [...found.values()].sort((a, b) => (a.dir < b.dir ? -1 : 1));
}

/**
 * Looks where Node would: `node_modules` of the folder and of those above it, up to the project's.
 */
async function locate(name: string, from: string, root: string): Promise<string | undefined> {
  for (let dir = from; ; dir = dirname(dir)) {
    const candidate = join(dir, 'node_modules', name);
    const there = await readFile(join(candidate, 'package.json')).then(
      () => true,
      () => false,
    );
    if (there) return candidate;
    if (dir === root || dir === dirname(dir)) return undefined;
  }
}

/**
 * Files of the packages and of all they need, below `windlass/node_modules` in the image; of native
 * libraries only the platform's own. Throws INPUT_INVALID when ONNX Runtime has none for the
 * platform, PACKAGING_FAILED for a package not installed.
 */
export async function npmEntries(options: {
  readonly packages: readonly string[];
  readonly root: string;
  readonly platform: string;
}): Promise<ImageEntry[]> {
  const { packages, root, platform } = options;
  const installed = await packageClosure(packages, root);
  const entries: ImageEntry[] = [];
  for (const { dir } of installed)
    for (const file of await packageFiles(dir)) {
      const path = relative(root, join(dir, file));
      if (belongsTo(path, platform))
        entries.push({ type: 'file', path: `windlass/${path}`, content: { file: join(dir, file) } });
    }

  if (packages.includes('onnxruntime-node') && nativeFiles(entries).length === 0)
    throw new WindlassError(
      'INPUT_INVALID',
      `The platform ${platform} cannot be packaged: the installed onnxruntime-node has no native library for it.`,
      {
        hint: 'Leave the platform out: onnxruntime-node brings libraries for linux/amd64 and linux/arm64.',
        details: { platform, missing: `onnxruntime-node/bin/napi-v6/linux/${nodeArch(platform)}` },
      },
    );
  return entries;
}

/** Local paths of the native libraries and add-ons among the entries. */
export function nativeFiles(entries: readonly ImageEntry[]): string[] {
  return entries.flatMap((entry) =>
    entry.type === 'file' && !(entry.content instanceof Uint8Array) && /\.(node|so(\.\d+)*)$/.test(entry.path)
      ? [entry.content.file]
      : [],
  );
}

/**
 * ONNX Runtime keeps its libraries in `bin/napi-v6/<os>/<arch>`; those of its GPU providers are
 * never packed.
 */
function belongsTo(path: string, platform: string): boolean {
  if (/onnxruntime-node\/script\//.test(path) || /libonnxruntime_providers_/.test(path)) return false;
  const native = /onnxruntime-node\/bin\/napi-v\d+\/([^/]+)\/([^/]+)\//.exec(path);
  return native === null || (native[1] === 'linux' && native[2] === nodeArch(platform));
}

async function packageFiles(dir: string, below = ''): Promise<string[]> {
  const files: string[] = [];
  for (const item of await readdir(join(dir, below), { withFileTypes: true })) {
    const path = below === '' ? item.name : `${below}/${item.name}`;
    if (item.isDirectory()) {
      const skipped = below === '' ? LEFT_OUT_FOLDERS.has(item.name) : item.name === 'node_modules';
      if (!skipped) files.push(...(await packageFiles(dir, path)));
    } else if (item.isFile() && !LEFT_OUT_FILES.test(item.name)) {
      files.push(path);
    }
  }
  return files;
}
