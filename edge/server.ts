import { chmod, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { HttpError, send, type Reply } from './http-io.ts';
import { Metrics } from './metrics.ts';
import { messageOf } from '../src/base/error-message.ts';
import { ModuleFault } from './module-fault.ts';
import type { ModuleParts } from './module-parts.ts';
import { ROUTES, type Context } from './routes.ts';

export interface ServerOptions {
  /** `unix:<path>` or `<host>:<port>` (port 0 picks a free one). */
  readonly listen: string;
  readonly version: string;
  /** Called when the entry script failed: the process must end. */
  readonly onFault: (fault: ModuleFault) => void;
  /** Largest request body in bytes. */
  readonly maxBodyBytes?: number;
}

export interface EdgeServer {
  /** Where it listens, in the form of `listen`. */
  readonly address: string;
  /** From now on the server is ready. */
  serve(parts: ModuleParts): void;
  close(): Promise<void>;
}

async function route(
  context: Context,
  request: IncomingMessage,
): Promise<{ name: string; reply: Reply; fault?: ModuleFault }> {
  const path = (request.url ?? '/').split('?')[0] ?? '/';
  const found = ROUTES.map((r) => ({ route: r, match: r.path.exec(path) })).filter((r) => r.match !== null);
  const chosen = found.find((r) => r.route.method === request.method);
  const name = found[0]?.route.name ?? 'unknown';
  try {
    if (found.length === 0) throw new HttpError(404, `there is nothing at ${path}`);
    if (!chosen?.match) throw new HttpError(405, `${path} does not take ${request.method}`);
    return { name, reply: await chosen.route.reply(context, chosen.match, request) };
  } catch (error) {
    const status = error instanceof HttpError ? error.status : error instanceof URIError ? 400 : 500;
    const reply = { status, body: { error: messageOf(error) } };
    return error instanceof ModuleFault ? { name, reply, fault: error } : { name, reply };
  }
}

async function listen(server: Server, address: string): Promise<string> {
  const listening = (start: () => void) =>
    new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.once('listening', resolve);
      start();
    });
  if (address.startsWith('unix:')) {
    const path = address.slice('unix:'.length);
    await rm(path, { force: true }); // a socket that a killed process left behind
    await listening(() => server.listen(path));
    await chmod(path, 0o666); // who may enter its folder may connect
    return address;
  }
  const split = address.lastIndexOf(':');
  const host = address.slice(0, split);
  await listening(() => server.listen({ host, port: Number(address.slice(split + 1)) }));
  const bound = server.address() as AddressInfo;
  return `${host}:${bound.port}`;
}

/**
 * Starts the HTTP server of the module: Open Inference Protocol v2, `/score`, `/rows`,
 * `/attestation`, `/metrics`.
 */
export async function startServer(options: ServerOptions): Promise<EdgeServer> {
  const metrics = new Metrics();
  let served: ModuleParts | undefined;
  const context: Context = {
    version: options.version,
    maxBodyBytes: options.maxBodyBytes ?? 16 * 1024 * 1024,
    metrics,
    loaded: () => served,
    parts() {
      if (!served) throw new HttpError(503, 'the model is still being loaded');
      return served;
    },
  };
  const server = createServer((request, response) => {
    void route(context, request).then(({ name, reply, fault }) => {
      metrics.countRequest(name, reply.status ?? 200);
      if (fault) response.once('close', () => options.onFault(fault));
      send(response, reply);
    });
  });
  server.requestTimeout = 30_000;
  server.headersTimeout = 10_000;
  const address = await listen(server, options.listen);
  return {
    address,
    serve(parts) {
      served = parts;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeIdleConnections();
        setTimeout(() => server.closeAllConnections(), 2000).unref();
      }),
  };
}
