import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Certificate } from './certificate.ts';
import { HubError, toHubError } from './hub-error.ts';
import type { HubParts } from './hub-parts.ts';
import { findRoute, type HttpAnswer, type HttpCall, type Route } from './http-router.ts';
import { parseSas, verifySas } from './sas.ts';

const MAX_BODY_BYTES = 4 * 1024 * 1024;
export const ADMIN_PATH = '$stand-in';

/**
 * IoT Hub's HTTPS side: checks version and signature, applies faults, answers when the change is
 * durable.
 */
export class HttpServer {
  readonly #parts: HubParts;
  readonly #routes: readonly Route[];
  readonly #policies: Readonly<Record<string, string>>;
  readonly #server: Server;

  constructor(
    parts: HubParts,
    options: {
      certificate: Certificate;
      routes: readonly Route[];
      policies: Readonly<Record<string, string>>;
    },
  ) {
    this.#parts = parts;
    this.#routes = options.routes;
    this.#policies = options.policies;
    const { key, cert } = options.certificate;
    this.#server = createServer({ key, cert, keepAliveTimeout: 65_000 }, (request, response) => {
      void this.#serve(request, response);
    });
  }

  async listen(host: string, port: number): Promise<number> {
    this.#server.listen(port, host);
    await once(this.#server, 'listening');
    return (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const answer = await this.#answer(request);
      if (answer === 'reset') request.socket.destroy();
      else if (answer !== 'hang') send(response, answer);
    } catch (error) {
      send(response, failure(toHubError(error), this.#parts.now()));
    }
  }

  async #answer(request: IncomingMessage): Promise<HttpAnswer | 'hang' | 'reset'> {
    const url = new URL(request.url ?? '/', 'https://hub');
    const path = readPath(url.pathname);
    const method = request.method ?? 'GET';
    const admin = path[0] === ADMIN_PATH;
    if (this.#parts.faults.down && !admin) return 'reset';
    const found = findRoute(this.#routes, method, path);
    if (!admin && found) {
      const about = found.parameters['device'] ?? null;
      const fault = this.#parts.faults.check(found.route.operation, about);
      if (fault.kind === 'hang' || fault.kind === 'reset') return fault.kind;
      if (fault.kind === 'error') throw fault.error;
    }
    if (!admin && !/^20\d\d-\d\d-\d\d(-preview)?$/.test(url.searchParams.get('api-version') ?? ''))
      throw new HubError('InvalidProtocolVersion', 'The api-version is missing or not known.');

    const body = await readBody(request);
    this.#authorize(request.headers.authorization, method, path);
    if (!found)
      throw new HubError('ResourceNotFound', `${method} ${url.pathname} is not answered by this hub.`);
    const call: HttpCall = { method, path, headers: request.headers, body: parseBody(body) };
    const answer = await found.route.answer(call, found.parameters);
    await this.#parts.state.committed();
    return answer;
  }

  /**
   * The service's policy may do everything; a device's own key only reads and keeps the device's
   * modules.
   */
  #authorize(header: string | undefined, method: string, path: readonly string[]): void {
    const token = parseSas(header);
    const resource = path.join('/');
    if (token.policy !== null) {
      const key = this.#policies[token.policy];
      if (key === undefined)
        throw new HubError('IotHubUnauthorizedAccess', 'Unauthorized: the policy is not known.');
      verifySas(token, { keys: [key], path: resource, now: this.#parts.now() });
      return;
    }
    const [kind, deviceId = '', part] = path;
    const device = kind === 'devices' ? this.#parts.directory.find(deviceId, null) : undefined;
    if (!device || part !== 'modules' || !['GET', 'PUT', 'DELETE'].includes(method))
      throw new HubError('IotHubUnauthorizedAccess', 'Unauthorized: a service policy is needed.');

    const { primaryKey, secondaryKey } = device.authentication.symmetricKey;
    verifySas(token, { keys: [primaryKey, secondaryKey], path: resource, now: this.#parts.now() });
  }
}

function readPath(pathname: string): string[] {
  try {
    const parts = pathname.replace(/\/+$/, '').split('/').slice(1);
    return parts.map((part) => decodeURIComponent(part));
  } catch {
    throw new HubError('ArgumentInvalid', 'The path is not valid.');
  }
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) throw new HubError('MessageTooLarge', 'The body is too large.');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parseBody(text: string): unknown {
  if (text === '') return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new HubError('ArgumentInvalid', 'The body is not valid JSON.');
  }
}

function failure(error: HubError, now: Date): HttpAnswer {
  const body = error.toBody(now);
  return {
    status: error.status,
    body: { Message: body.Message, ExceptionMessage: body.ExceptionMessage },
    headers: {
      'iothub-errorcode': error.code,
      ...(error.retryAfterSeconds === undefined ? {} : { 'Retry-After': String(error.retryAfterSeconds) }),
    },
  };
}

function send(response: ServerResponse, answer: HttpAnswer): void {
  if (response.headersSent || response.destroyed) return;
  if (answer.body === undefined) {
    response.writeHead(answer.status, answer.headers).end();
    return;
  }
  const text = JSON.stringify(answer.body);
  response
    .writeHead(answer.status, {
      'Content-Type': 'application/json; charset=utf-8',
      'Content-Length': Buffer.byteLength(text),
      ...answer.headers,
    })
    .end(text);
}
