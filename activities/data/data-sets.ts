import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import type { DataRef } from '../../src/contracts/build.ts';
import type { GateResult } from '../../src/contracts/gate.ts';
import type { DataFile, DataManifest, ProjectSpec } from '../../src/contracts/project.ts';
import { canonicalJson } from '../../src/domain/canonical-json.ts';
import { dataGates } from '../../src/domain/data/data-gates.ts';
import { examineFile } from '../../src/domain/data/file-facts.ts';
import type { FileFacts } from '../../src/domain/data/file-facts.ts';
import { dataFile, groupOf } from '../../src/domain/data/fold-of.ts';
import { WindlassError } from '../../src/errors/windlass-error.ts';
import type { ArtefactStore } from '../../src/ports/artefact-store.ts';
import type { Registry } from '../../src/ports/registry.ts';
import type { SensorFiles } from '../../src/ports/sensor-files.ts';
import { findDataFiles } from './find-data-files.ts';
import type { FoundFile } from './find-data-files.ts';
import { seedHash } from './seed-hash.ts';

export interface DataDeps {
  readonly artefacts: ArtefactStore;
  readonly registry: Pick<Registry, 'recordData' | 'lastData'>;
  readonly files: SensorFiles;
  /** Folder that relative sources are below; the worker's own by default. */
  readonly cwd?: string;
}

export interface SnapshotRequest {
  /** File, folder or glob; without one, what the last run of this pipeline used. */
  readonly source?: string | undefined;
  readonly spec: ProjectSpec;
}

type Progress = (message: string) => void;
const quiet: Progress = () => undefined;

const mediaTypeOf = (path: string): string =>
  /\.parquet$/i.test(path) ? 'application/vnd.apache.parquet' : 'text/csv';

/**
 * Keeps every file of a source as artefact and lists them in a manifest; the same content gives the same digest wherever it
 * lies. Throws DATA_NOT_FOUND, or DATA_INVALID when files contradict each other or change meanwhile.
 */
export async function snapshotData(
  deps: DataDeps,
  request: SnapshotRequest,
  progress: Progress = quiet,
): Promise<DataRef> {
  const { spec } = request;
  const source = request.source ?? (await lastSource(deps, spec.name));
  const found = await findDataFiles(source, deps.cwd ?? process.cwd());
  refuseSameGroup(found);
  const files: DataFile[] = [];
  for (const [i, file] of found.entries()) {
    progress(`${i + 1} of ${found.length}: ${file.path}`);
    files.push(await keepFile(deps, file, spec));
  }
  const content = { schema: 'windlass.data/1' as const, files };
  const digest = `sha256:${createHash('sha256').update(canonicalJson(content)).digest('hex')}`;
  const manifest: DataManifest = { ...content, digest };
  const ref: DataRef = {
    ...{ digest, source },
    files: files.length,
    rows: files.reduce((sum, file) => sum + file.rows, 0),
    manifest: await deps.artefacts.put(canonicalJson(manifest), 'application/json'),
  };
  await deps.registry.recordData(ref, files, spec.name);
  return ref;
}

async function lastSource({ registry }: DataDeps, pipeline: string): Promise<string> {
  const last = await registry.lastData(pipeline);
  if (last !== undefined) return last.source;
  throw new WindlassError(
    'DATA_NOT_FOUND',
    `No data was named, and no earlier run of ${pipeline} is known that says which to use.`,
    { hint: 'Give `data` in the input (or --data), e.g. "data/pumps".' },
  );
}

function refuseSameGroup(files: readonly FoundFile[]): void {
  const byGroup = new Map<string, string>();
  for (const { path } of files) {
    const other = byGroup.get(groupOf(path));
    if (other !== undefined)
      throw new WindlassError(
        'DATA_INVALID',
        `${other} and ${path} would be the same group: rename or remove one.`,
      );
    byGroup.set(groupOf(path), path);
  }
}

async function keepFile(deps: DataDeps, { path, absolute }: FoundFile, spec: ProjectSpec): Promise<DataFile> {
  const before = await stat(absolute);
  const ref = await deps.artefacts.putFile(absolute, mediaTypeOf(path));
  // A file that cannot be read is kept all the same: the data gates say what is wrong with it.
  const { rows, columns } = await deps.files.describe(absolute, spec.data).catch((error: unknown) => {
    if (error instanceof WindlassError) return { rows: 0, columns: [] as readonly string[] };
    throw error;
  });
  const after = await stat(absolute);
  if (after.mtimeMs !== before.mtimeMs || after.size !== ref.size)
    throw new WindlassError('DATA_INVALID', `${path} changed while it was being read.`, {
      hint: 'Start again when nothing writes to the data any more.',
    });
  const sha256 = ref.digest.slice('sha256:'.length);
  return dataFile({ path, sha256, rows, labelled: columns.includes(spec.data.label) }, spec, seedHash);
}

/** The manifest of a snapshot. */
export async function readManifest(artefacts: ArtefactStore, ref: DataRef): Promise<DataManifest> {
  return JSON.parse((await artefacts.read(ref.manifest.digest)).toString('utf8')) as DataManifest;
}

/** Judges every file of a snapshot; see `dataGates` for what is looked at. */
export async function checkData(
  deps: Pick<DataDeps, 'artefacts' | 'files'>,
  { ref, spec }: { ref: DataRef; spec: ProjectSpec },
  progress: Progress = quiet,
): Promise<GateResult[]> {
  const manifest = await readManifest(deps.artefacts, ref);
  const facts: FileFacts[] = [];
  const folder = await mkdtemp(join(tmpdir(), 'windlass-check-'));
  try {
    for (const [i, file] of manifest.files.entries()) {
      progress(`${i + 1} of ${manifest.files.length}: ${file.path}`);
      const local = join(folder, `${i}${/\.[^.]+$/.exec(file.path)?.[0] ?? ''}`);
      await deps.artefacts.toFile(`sha256:${file.sha256}`, local);
      facts.push(await examineFile(deps.files, { file, local }, spec));
      await rm(local);
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return dataGates(facts, spec, Date.now());
}

/**
 * Writes a snapshot for training: every file as `;`-separated CSV at its path (Parquet becomes .csv), and `manifest.json`,
 * whose paths are those of the files written; `sha256` stays that of the original.
 */
export async function materializeData(
  deps: Pick<DataDeps, 'artefacts' | 'files'>,
  ref: DataRef,
  folder: string,
): Promise<DataManifest> {
  const manifest = await readManifest(deps.artefacts, ref);
  const files: DataFile[] = [];
  for (const file of manifest.files) {
    const path = `${file.group}.csv`;
    const target = resolve(folder, path);
    await mkdir(dirname(target), { recursive: true });
    const original = `${target}.original${/\.[^.]+$/.exec(file.path)?.[0] ?? ''}`;
    await deps.artefacts.toFile(`sha256:${file.sha256}`, original);
    await deps.files.toCsv(original, target);
    await rm(original);
    files.push({ ...file, path });
  }
  const written: DataManifest = { ...manifest, files };
  await writeFile(join(folder, 'manifest.json'), `${JSON.stringify(written, null, 2)}\n`);
  return written;
}
