import pLimit from 'p-limit';
import type { DataRef } from '../../src/contracts/data/data-set.ts';
import type { DataFile, DataManifest } from '../../src/contracts/data/data-manifest.ts';
import type { ProjectSpec } from '../../src/contracts/project/project.ts';
import { canonicalJson } from '../../src/base/canonical-json.ts';
import { dataFile, groupOf } from '../../src/domain/data/fold-of.ts';
import { WindlassError } from '../../src/errors/windlass-error.ts';
import type { ArtefactStore } from '../../src/ports/artefact-store.ts';
import type { DataIndex, IndexedFile } from '../../src/ports/data-index.ts';
import type { DataSource, DataSources, SourceFile } from '../../src/ports/data-source.ts';
import type { DataSetRegistry } from '../../src/ports/registry/data-sets.ts';
import type { SensorFiles } from '../../src/ports/sensor-files.ts';
import { dataSetDigest } from './manifest.ts';
import { seedHash } from './seed-hash.ts';

export interface DataDeps {
  readonly artefacts: ArtefactStore;
  readonly registry: Pick<DataSetRegistry, 'recordData' | 'lastData'>;
  readonly files: SensorFiles;
  readonly sources: DataSources;
  readonly index: DataIndex;
  /** Folder that relative sources are below; the worker's own by default. */
  readonly cwd?: string;
}

export interface SnapshotRequest {
  /**
   * Notation of a source (see docs/guide-data-scientist.md); without one, what the last run of this
   * pipeline used.
   */
  readonly source?: string | undefined;
  readonly spec: ProjectSpec;
  /**
   * Whether files that have not changed since an earlier snapshot are taken from it; by default
   * every file is read.
   */
  readonly reuse?: boolean;
}

export interface Snapshot {
  readonly ref: DataRef;
  /** Files that were read; the others had not changed. */
  readonly read: number;
}

type Progress = (message: string) => void;

/** Files that are read at the same time: the next one is fetched while one is parsed. */
const CONCURRENT = 4;
/** Files that are looked for in the artefact store at the same time. */
const CHECKED = 16;
/**
 * What was read is noted in portions, so that a snapshot that is broken off goes on where it was.
 */
const PORTION = 200;

const mediaTypeOf = (path: string): string =>
  /\.parquet$/i.test(path) ? 'application/vnd.apache.parquet' : 'text/csv';

/**
 * Keeps every file of a source as artefact and lists them in a manifest; the same content gives the
 * same digest wherever it lies and however it was read. Throws DATA_NOT_FOUND, or DATA_INVALID when
 * files cannot be taken, contradict each other or change meanwhile.
 */
export async function snapshotData(
  deps: DataDeps,
  request: SnapshotRequest,
  progress: Progress = () => undefined,
): Promise<Snapshot> {
  const { spec } = request;
  const name = request.source ?? (await lastSource(deps, spec.name));
  const { timestamp } = spec.data;
  const source = await deps.sources.open(name, { cwd: deps.cwd ?? process.cwd(), timestamp });
  try {
    refuseProblems(source);
    refuseSameGroup(source.files);
    const { files, columns, read } = await takeFiles(deps, { ...request, source }, progress);
    const ref = await keepManifest(deps, { files, columns, source: name });
    await deps.registry.recordData(ref, files, spec.name);
    await refuseGone(deps, files);
    return { ref, read };
  } finally {
    await source.close();
  }
}

/**
 * Once recorded, retention keeps the files; one that existed before may have been removed earlier,
 * because nothing needed it.
 */
async function refuseGone({ artefacts }: DataDeps, files: readonly DataFile[]): Promise<void> {
  const there = await pLimit(CHECKED).map([...files], ({ sha256 }) => artefacts.has(`sha256:${sha256}`));
  const gone = files.find((_, i) => there[i] !== true);
  if (gone === undefined) return;
  throw new WindlassError(
    'CONFLICT',
    `The bytes of ${gone.path} are gone: retention removed them meanwhile.`,
    {
      hint: 'Take the snapshot again.',
    },
  );
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

function refuseProblems({ name, files }: DataSource): void {
  const odd = files.filter((file) => file.problem !== undefined);
  if (odd.length === 0) return;
  const listed = odd.slice(0, 5).map(({ path, problem }) => `${path} ${problem}`);
  const more = odd.length > 5 ? ` and ${odd.length - 5} more` : '';
  throw new WindlassError(
    'DATA_INVALID',
    `readable-files: ${odd.length} files of ${name} cannot be taken: ${listed.join('; ')}${more}.`,
    { details: { gate: 'readable-files', files: odd.map(({ path, problem }) => ({ path, problem })) } },
  );
}

function refuseSameGroup(files: readonly SourceFile[]): void {
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

interface Taken {
  readonly files: DataFile[];
  readonly columns: readonly string[];
  readonly read: number;
}

async function takeFiles(
  deps: DataDeps,
  { source, spec, reuse }: Omit<SnapshotRequest, 'source'> & { readonly source: DataSource },
  progress: Progress,
): Promise<Taken> {
  // What a summary says depends on the column that holds the time.
  const key = `${spec.data.timestamp} ${source.name}`;
  const known = reuse === true ? await deps.index.read(key) : new Map<string, IndexedFile>();
  const fresh = new Map<string, IndexedFile>();
  const columns = new Set<string>();
  let [read, done] = [0, 0];
  const take = async (file: SourceFile): Promise<DataFile> => {
    const earlier = known.get(file.path);
    const entry = (await usable(deps, file, earlier)) ? earlier : undefined;
    done += 1;
    progress(`${done} of ${source.files.length}: ${file.path}${entry === undefined ? '' : ' (unchanged)'}`);
    const { artefact, summary } = entry ?? (await readFile(file));
    for (const column of summary.columns) columns.add(column);
    const sha256 = artefact.digest.slice('sha256:'.length);
    const { rows, from, to } = summary;
    const labelled = summary.columns.includes(spec.data.label);
    return { ...dataFile({ path: file.path, sha256, rows, labelled }, spec, seedHash), from, to };
  };
  const readFile = async (file: SourceFile): Promise<IndexedFile> => {
    const entry = await keepFile(deps, { source, file, spec });
    read += 1;
    if (file.settled) fresh.set(file.path, entry);
    if (fresh.size >= PORTION) await note();
    return entry;
  };
  const note = async (): Promise<void> => {
    const portion = new Map(fresh);
    fresh.clear();
    if (portion.size > 0) await deps.index.write(key, portion);
  };
  const limit = pLimit(CONCURRENT);
  const files = await limit.map([...source.files], take).finally(() => limit.clearQueue());
  await note();
  return { files, columns: [...columns], read };
}

async function usable(
  { artefacts }: DataDeps,
  file: SourceFile,
  earlier: IndexedFile | undefined,
): Promise<boolean> {
  if (earlier === undefined || !file.settled || earlier.stamp !== file.stamp) return false;
  return artefacts.has(earlier.artefact.digest);
}

function keepFile(
  deps: DataDeps,
  { source, file, spec }: { source: DataSource; file: SourceFile; spec: ProjectSpec },
): Promise<IndexedFile> {
  return source.withFile(file, async (local) => {
    const artefact = await deps.artefacts.putFile(local, mediaTypeOf(file.path));
    // A file that cannot be read is kept all the same: the data gates say what is wrong with it.
    const summary = await deps.files.describe(local, spec.data).catch((error: unknown) => {
      if (error instanceof WindlassError) return { rows: 0, columns: [], from: null, to: null };
      throw error;
    });
    return { stamp: file.stamp, artefact, summary };
  });
}

async function keepManifest(
  { artefacts }: DataDeps,
  { files, columns, source }: { files: DataFile[]; columns: readonly string[]; source: string },
): Promise<DataRef> {
  const digest = dataSetDigest(files);
  const times = (end: 'from' | 'to'): string[] =>
    files.flatMap((file) => (typeof file[end] === 'string' ? [file[end]] : [])).sort();
  const [from, to] = [times('from')[0] ?? null, times('to').at(-1) ?? null];
  const manifest: DataManifest = { schema: 'windlass.data/1', digest, files, columns, from, to };
  return {
    digest,
    source,
    files: files.length,
    columns,
    from,
    to,
    rows: files.reduce((sum, file) => sum + file.rows, 0),
    devices: new Set(files.map((file) => file.device ?? file.group)).size,
    manifest: await artefacts.put(canonicalJson(manifest), 'application/json'),
  };
}
