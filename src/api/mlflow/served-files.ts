import { safePath } from '../../domain/tracking/artefact-paths.ts';
import { WindlassError } from '../../errors/windlass-error.ts';
import type { TrackedFileStore } from '../../ports/tracking-store.ts';

/** A file that the door can send: stored bytes, or a text that is made on demand. */
export interface ServedFile {
  readonly path: string;
  /** bytes */
  readonly size: number;
  readonly mediaType: string;
  readonly content: { readonly digest: string } | { readonly text: string };
}

/** What stands at paths below the artefact root. */
export interface ServedFiles {
  file(path: string): Promise<ServedFile | undefined>;
  /** Everything below a folder. */
  below(folder: string): Promise<ServedFile[]>;
}

/** Files that clients put. */
export function clientFiles(tracking: TrackedFileStore): ServedFiles {
  const served = ({
    path,
    size,
    mediaType,
    digest,
  }: Awaited<ReturnType<typeof tracking.filesBelow>>[number]) => ({
    path,
    size,
    mediaType,
    content: { digest },
  });
  return {
    file: async (path) => {
      const found = await tracking.file(path);
      return found && served(found);
    },
    below: async (folder) => (await tracking.filesBelow(folder)).map(served),
  };
}

/** A path that a client sent, checked; INPUT_INVALID when it would leave the artefact root. */
export function checkedPath(path: string): string {
  const safe = safePath(path);
  if (safe !== undefined) return safe;
  throw new WindlassError(
    'INPUT_INVALID',
    `path: ${JSON.stringify(path.slice(0, 200))} is not a path below the artefact root: expected names joined by "/".`,
  );
}

export interface ListedFile {
  /** Relative to what was listed. */
  readonly path: string;
  readonly is_dir: boolean;
  readonly file_size?: number;
}

/**
 * Files and folders directly below a folder; a file's path lists the file itself, as MLflow's
 * server does.
 */
export async function listFolder(files: ServedFiles, folder: string): Promise<ListedFile[]> {
  const below = await files.below(folder);
  const entries = new Map<string, ListedFile>();
  for (const { path, size } of below) {
    const [first = '', ...rest] = path.slice(folder.length + 1).split('/');
    entries.set(
      first,
      rest.length > 0 ? { path: first, is_dir: true } : { path: first, is_dir: false, file_size: size },
    );
  }
  if (entries.size > 0) return [...entries.values()];
  const file = await files.file(folder);
  if (file === undefined) return [];
  return [{ path: folder.split('/').at(-1) ?? '', is_dir: false, file_size: file.size }];
}
