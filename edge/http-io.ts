import type { IncomingMessage, ServerResponse } from 'node:http';

/** Answered as `{"error": message}` with this status. */
export class HttpError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.name = 'HttpError';
    this.status = status;
  }
}

/**
 * What a route gives back; a string body is text, bytes are sent as they are, anything else as
 * JSON.
 */
export interface Reply {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string | number>>;
  readonly body: unknown;
}

/**
 * The whole body; 413 when it is longer than `limit` bytes (the rest is then read and dropped, so
 * that the answer arrives).
 */
export function readBody(request: IncomingMessage, limit: number): Promise<Buffer> {
  const tooLarge = () => new HttpError(413, `the body is larger than ${limit} bytes`);
  if (Number(request.headers['content-length'] ?? 0) > limit) return Promise.reject(tooLarge());
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > limit) {
        chunks.length = 0;
        reject(tooLarge());
      } else {
        chunks.push(chunk);
      }
    });
    request.on('end', () => resolve(Buffer.concat(chunks)));
    request.on('error', reject);
  });
}

/** Parses a JSON object; 400 when it is none. */
export function parseObject(bytes: Uint8Array): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch (error) {
    throw new HttpError(400, `the body is not JSON: ${(error as Error).message}`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new HttpError(400, 'the body must be a JSON object');
  return value as Record<string, unknown>;
}

/** Sends a reply; closes the connection when part of a refused body may still be on its way. */
export function send(response: ServerResponse, reply: Reply): void {
  const { status = 200, headers = {}, body } = reply;
  let type = 'application/json';
  let bytes: Buffer;
  if (typeof body === 'string') {
    type = 'text/plain; version=0.0.4; charset=utf-8';
    bytes = Buffer.from(body);
  } else if (Buffer.isBuffer(body)) {
    type = 'application/octet-stream';
    bytes = body;
  } else {
    bytes = Buffer.from(JSON.stringify(body));
  }
  response.writeHead(status, {
    'content-type': type,
    'content-length': bytes.length,
    ...(status === 413 ? { connection: 'close' } : {}),
    ...headers,
  });
  response.end(bytes);
}
