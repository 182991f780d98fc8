import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { build, type Metafile } from 'esbuild';
import { IMAGE_LAYOUT } from '../../contracts/device/model-manifest.ts';
import { WindlassError } from '../../errors/windlass-error.ts';
import type { ImageEntry } from '../../ports/image-assembler.ts';
import { messageOf } from '../../base/error-message.ts';

/** What runs in the image, from the files of the installed project. */
export interface ServerFiles {
  /** The project's folder: the place of `node_modules`. */
  readonly root: string;
  /** Main file relative to `root`. */
  readonly entry: string;
  /** npm packages that are not bundled: they have native code. */
  readonly packages: readonly string[];
  /** Variables that the image sets. */
  readonly env: Readonly<Record<string, string>>;
}

const FOLDER = dirname(IMAGE_LAYOUT.server);
/**
 * Packages in CommonJS ask for Node's own modules with `require`, which an ES module does not have
 * by itself.
 */
const REQUIRE = `import { createRequire as createRequireHere } from 'node:module'; const require = createRequireHere(import.meta.url);`;
const LICENCE = /^(licen[cs]e|notice|copying)/i;

/**
 * The server and the packages it imports as a few ES modules below `windlass/server`, with the
 * packages' licences beside them: a device opens a handful of files instead of thousands. What is
 * imported dynamically stays a module of its own, loaded when it is needed. The same sources and
 * packages give the same bytes. Throws PACKAGING_FAILED with what esbuild says.
 */
export async function bundleServer({ root, entry, packages }: ServerFiles): Promise<ImageEntry[]> {
  const result = await build({
    absWorkingDir: root,
    entryPoints: { [IMAGE_LAYOUT.server.slice(FOLDER.length + 1).replace(/\.js$/, '')]: entry },
    outdir: join(root, 'out'), // nothing is written there
    write: false,
    metafile: true,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    external: [...packages],
    banner: { js: REQUIRE },
    legalComments: 'inline',
    logLevel: 'silent',
  }).catch((cause: unknown) => {
    const words = messageOf(cause);
    throw new WindlassError('PACKAGING_FAILED', `The edge server could not be bundled: ${words}`, {
      hint: '`npm ci` restores installed packages.',
      cause,
    });
  });
  const file = (path: string, content: Uint8Array | string): ImageEntry => ({
    type: 'file',
    path: `${FOLDER}/${path}`,
    content: Buffer.from(content),
  });
  return [
    file('package.json', '{"private":true,"type":"module"}\n'),
    file('LICENSES.txt', await licencesOf(result.metafile, root)),
    ...result.outputFiles.map(({ path, contents }) =>
      file(path.slice(join(root, 'out').length + 1), contents),
    ),
  ];
}

/**
 * The licence texts of every package that something was bundled of, in the order of their folders.
 */
async function licencesOf({ inputs }: Metafile, root: string): Promise<string> {
  const folders = new Set(
    Object.keys(inputs).flatMap((path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? []),
  );
  const texts = await Promise.all(
    [...folders].sort().map(async (folder) => {
      const names = (await readdir(join(root, folder))).filter((name) => LICENCE.test(name)).sort();
      const read = names.map((name) => readFile(join(root, folder, name), 'utf8'));
      const { name, version, license } = JSON.parse(
        await readFile(join(root, folder, 'package.json'), 'utf8'),
      ) as Record<string, unknown>;
      return [`${String(name)} ${String(version)} (${String(license)})`, ...(await Promise.all(read))].join(
        '\n\n',
      );
    }),
  );
  return `${texts.join(`\n\n${'-'.repeat(80)}\n\n`)}\n`;
}
