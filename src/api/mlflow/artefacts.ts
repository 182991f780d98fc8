import { Readable } from 'node:stream';
import type { Context } from 'hono';
import { z } from 'zod';
import { VERSIONS_FOLDER } from '../../domain/tracking/artefact-paths.ts';
import { WindlassError } from '../../errors/windlass-error.ts';
import type { ArtefactStore } from '../../ports/artefact-store.ts';
import type { TrackingStore } from '../../ports/tracking-store.ts';
import type { ApiEnv } from '../deps.ts';
import { noteRead } from '../note-read.ts';
import { allowLogging, userOf } from './caller.ts';
import { endpoint } from './endpoint.ts';
import type { Door } from './endpoint.ts';
import { checkedPath, listFolder } from './served-files.ts';
import type { ServedFile, ServedFiles } from './served-files.ts';
import { runId } from './fields.ts';
import { artefactPath, runArtefactUri } from '../../domain/tracking/artefact-paths.ts';

const PATH = '/mlflow-artifacts/artifacts';
/** bytes; one file that a client puts may be this large. */
const MAX_UPLOAD = 4 * 1024 ** 3;

export interface ArtefactDoor {
  readonly tracking: TrackingStore;
  readonly artefacts: ArtefactStore;
  readonly files: ServedFiles;
  /** bytes; 4 GiB unless said otherwise. */
  readonly maxUpload?: number | undefined;
}

/** Whether a request puts a file: its body is streamed, and has a limit of its own. */
export function isUpload(method: string, path: string): boolean {
  return method === 'PUT' && path.startsWith(`/api/2.0${PATH}/`);
}

/** The artefacts of the MLflow door: paths over the content-addressed store. */
export function addArtefacts(door: Door, deps: ArtefactDoor): void {
  const { tracking, artefacts, files } = deps;

  // Before the routes below it, which would match it too.
  endpoint(
    door,
    { method: 'GET', path: PATH, input: z.object({ path: z.string().default('') }) },
    async ({ input }) => ({ files: await listFolder(files, checkedPath(input.path)) }),
  );

  door.app.put(`${PATH}/*`, async (c) => {
    await allowLogging(c, door.access);
    const path = writablePath(c);
    const limit = deps.maxUpload ?? MAX_UPLOAD;
    if (Number(c.req.header('content-length') ?? 0) > limit) throw tooLarge(path, limit);
    const mediaType = c.req.header('content-type') ?? 'application/octet-stream';
    const { body } = c.req.raw;
    const bytes = body === null ? Readable.from([]) : Readable.fromWeb(body as never);
    const { digest, size } = await artefacts.putStream(
      Readable.from(atMost(limit, { bytes, path })),
      mediaType,
    );
    await tracking.putFile({ path, digest, size, mediaType });
    return c.json({});
  });

  door.app.get(`${PATH}/*`, async (c) => {
    const path = checkedPath(pathOf(c));
    const file = await files.file(path);
    if (file === undefined) throw new WindlassError('NOT_FOUND', `There is no artefact at ${path}.`);
    if ('digest' in file.content) {
      const { content, mediaType, size } = file;
      await noteRead(door.registry, userOf(c), { digest: content.digest, mediaType, size, path });
    }
    return send(c, artefacts, file);
  });

  door.app.delete(`${PATH}/*`, async (c) => {
    await allowLogging(c, door.access);
    await tracking.deleteFiles(writablePath(c));
    return c.json({});
  });

  endpoint(
    door,
    {
      method: 'GET',
      path: '/mlflow/artifacts/list',
      input: z.object({ run_id: runId, path: z.string().default('') }),
    },
    async ({ input }) => {
      const root_uri = runArtefactUri(await tracking.run(input.run_id));
      const root = artefactPath(root_uri) ?? '';
      const folder = checkedPath(input.path === '' ? root : `${root}/${input.path}`);
      const listed = await listFolder(files, folder);
      // Here paths are relative to the run, not to the folder.
      const prefix = folder.slice(root.length + 1);
      return {
        root_uri,
        files: listed.map((file) => ({
          ...file,
          path: prefix === '' ? file.path : `${prefix}/${file.path}`,
        })),
      };
    },
  );
}

/**
 * The path of the request behind the service's own, decoded once; what decodes to dots or slashes
 * is checked like any other.
 */
function pathOf(c: Context<ApiEnv>): string {
  const { pathname } = new URL(c.req.url);
  const rest = pathname.slice(pathname.indexOf(`${PATH}/`) + PATH.length + 1);
  try {
    return rest.split('/').map(decodeURIComponent).join('/');
  } catch {
    throw new WindlassError('INPUT_INVALID', `path: ${JSON.stringify(rest)} is not percent-encoded UTF-8.`);
  }
}

function writablePath(c: Context<ApiEnv>): string {
  const path = checkedPath(pathOf(c));
  if (path === VERSIONS_FOLDER || path.startsWith(`${VERSIONS_FOLDER}/`))
    throw new WindlassError('FORBIDDEN', 'The files of a registered version never change.', {
      hint: 'Log the files with a run, and register a new version from it.',
    });
  return path;
}

async function send(c: Context<ApiEnv>, artefacts: ArtefactStore, file: ServedFile): Promise<Response> {
  const { content, mediaType, size } = file;
  const headers = {
    'content-type': mediaType,
    'content-length': String(size),
    'content-disposition': 'attachment',
    'content-security-policy': "sandbox; default-src 'none'",
  };
  if ('text' in content) return c.body(content.text, 200, headers);
  const bytes = Readable.toWeb(await artefacts.stream(content.digest)) as ReadableStream<Uint8Array>;
  return c.body(bytes, 200, { ...headers, etag: `"${content.digest}"` });
}

function tooLarge(path: string, limit: number): WindlassError {
  return new WindlassError(
    'INPUT_INVALID',
    `${path} is larger than the ${limit} bytes that one file may have.`,
  );
}

/** Passes bytes on until there are too many. */
async function* atMost(
  limit: number,
  { bytes, path }: { bytes: AsyncIterable<Buffer>; path: string },
): AsyncGenerator<Buffer> {
  let size = 0;
  for await (const chunk of bytes) {
    size += chunk.length;
    if (size > limit) throw tooLarge(path, limit);
    yield chunk;
  }
}
