import { randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream } from 'node:stream/web';
import { digestSchema } from '../../contracts/artefact.ts';
import { WindlassError } from '../../errors/windlass-error.ts';
import type { ImageStore } from '../../ports/image-store.ts';
import { digestOf, digestOfFile } from '../../base/digest.ts';
import { fetchToken, parseChallenge, storedCredentials } from './registry-auth.ts';

const SHORT_MS = 30_000;
const TRANSFER_MS = 900_000;

interface Call {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT';
  readonly url: URL;
  readonly headers?: Record<string, string>;
  /** Given anew for each attempt, because a stream can be read once. */
  readonly body?: () => RequestInit['body'];
  readonly timeoutMs?: number;
}

/**
 * A registry that speaks the OCI distribution API, named like in an image reference:
 * `host[:port][/path]` (http on this machine's own addresses, https elsewhere). Credentials are
 * those of `docker login`; blobs that are read go through the folder `scratch`. Errors:
 * PACKAGING_FAILED, NOT_FOUND, ARTEFACT_CORRUPT.
 */
export function createRegistryStore(name: string, scratch: string): ImageStore {
  const prefix = name.replace(/^https?:\/\//, '').replace(/\/+$/, '');
  const host = prefix.split('/')[0] ?? prefix;
  const plain = name.startsWith('http://') || /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?$/.test(host);
  const origin = `${plain ? 'http' : 'https'}://${host}`;
  /** The last right that the registry gave, by repository and kind of access. */
  const tokens = new Map<string, string>();

  const path = (repository: string | undefined, rest: string): URL => {
    if (repository === undefined || !repository.startsWith(`${host}/`))
      throw new WindlassError(
        'INPUT_INVALID',
        `"${repository ?? ''}" is no repository of the registry ${host}.`,
      );
    return new URL(`/v2/${repository.slice(host.length + 1)}/${rest}`, origin);
  };

  const attempt = async (call: Call, authorization: string | undefined): Promise<Response> => {
    const { method, url, headers = {}, body, timeoutMs = SHORT_MS } = call;
    // An upload may be sent on to a storage server, which must not see the registry's rights.
    const rights = url.origin === origin ? authorization : undefined;
    try {
      return await fetch(url, {
        method,
        headers: rights === undefined ? headers : { ...headers, authorization: rights },
        signal: AbortSignal.timeout(timeoutMs),
        body: body?.(),
        duplex: 'half',
      });
    } catch (cause) {
      const reason =
        cause instanceof Error && cause.cause instanceof Error ? cause.cause.message : String(cause);
      throw new WindlassError('PACKAGING_FAILED', `The registry ${host} does not answer: ${reason}`, {
        hint: 'Check packaging.registry and the network.',
        cause,
      });
    }
  };

  const call = async (request: Call): Promise<Response> => {
    const key = `${request.method === 'GET' || request.method === 'HEAD' ? 'pull' : 'push'} ${request.url.pathname.split('/').slice(0, -2).join('/')}`;
    const first = await attempt(request, tokens.get(key));
    if (first.status !== 401) return first;
    await first.body?.cancel();
    const credentials = await storedCredentials(host);
    const challenge = parseChallenge(first.headers.get('www-authenticate') ?? '');
    const authorization = challenge === undefined ? credentials : await fetchToken(challenge, credentials);
    if (authorization === undefined) return first;
    tokens.set(key, authorization);
    return attempt(request, authorization);
  };

  const refuse = async (response: Response, what: string): Promise<never> => {
    const text = await response.text().catch(() => '');
    const login = response.status === 401 || response.status === 403;
    throw new WindlassError(
      'PACKAGING_FAILED',
      `The registry ${host} refused (${what}): ${response.status} ${text.slice(0, 300)}`,
      {
        hint: login ? `Log in with an account that may push: docker login ${host}` : undefined,
        details: { what, status: response.status },
      },
    );
  };

  const hasBlob = async (digest: string, repository?: string): Promise<boolean> => {
    const response = await call({ method: 'HEAD', url: path(repository, `blobs/${digest}`) });
    if (response.ok) return true;
    if (response.status === 404) return false;
    return refuse(response, `look for ${digest}`);
  };

  return {
    prefix,
    hasBlob,
    putBlob: async (digest, file, repository) => {
      if (await hasBlob(digest, repository)) return;
      const begun = await call({ method: 'POST', url: path(repository, 'blobs/uploads/') });
      const location = begun.headers.get('location');
      if (begun.status !== 202 || location === null) return refuse(begun, `begin the upload of ${digest}`);
      await begun.body?.cancel();
      const url = new URL(location, origin);
      url.searchParams.set('digest', digest);
      const { size } = await stat(file);
      const done = await call({
        method: 'PUT',
        url,
        headers: { 'content-type': 'application/octet-stream', 'content-length': String(size) },
        body: () => Readable.toWeb(createReadStream(file)) as unknown as RequestInit['body'],
        timeoutMs: TRANSFER_MS,
      });
      if (done.status !== 201) return refuse(done, `upload ${digest}`);
      await done.body?.cancel();
    },
    putManifest: async (repository, { digest, bytes, mediaType, tag }) => {
      if (digestOf(bytes) !== digest)
        throw new WindlassError('ARTEFACT_CORRUPT', `The manifest's bytes do not have the digest ${digest}.`);
      for (const reference of tag === undefined ? [digest] : [digest, tag]) {
        const response = await call({
          method: 'PUT',
          url: path(repository, `manifests/${reference}`),
          headers: { 'content-type': mediaType },
          body: () => new Uint8Array(bytes),
        });
        if (response.status !== 201) return refuse(response, `store the manifest ${reference}`);
        await response.body?.cancel();
      }
    },
    blobPath: async (digest, repository) => {
      if (!digestSchema.safeParse(digest).success)
        throw new WindlassError(
          'INPUT_INVALID',
          `"${digest}" is not a digest: expected sha256:<64 hex digits>.`,
        );
      const target = join(scratch, digest.slice(7));
      const kept = await digestOfFile(target).catch(() => undefined);
      if (kept?.digest === digest) return target;
      const url = path(repository, `blobs/${digest}`);
      const response = await call({ method: 'GET', url, timeoutMs: TRANSFER_MS });
      if (response.status === 404)
        throw new WindlassError('NOT_FOUND', `There is no blob ${digest} in ${repository ?? host}.`);
      if (!response.ok || response.body === null) return refuse(response, `fetch ${digest}`);
      await mkdir(scratch, { recursive: true });
      const temporary = join(scratch, `${randomUUID()}.part`);
      try {
        await pipeline(Readable.fromWeb(response.body as ReadableStream), createWriteStream(temporary));
        const found = (await digestOfFile(temporary)).digest;
        if (found !== digest)
          throw new WindlassError(
            'ARTEFACT_CORRUPT',
            `The registry sent bytes with the digest ${found}, not ${digest}.`,
          );
        await rename(temporary, target);
      } finally {
        await rm(temporary, { force: true });
      }
      return target;
    },
  };
}
