import { Agent, request as httpRequest } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { WindlassError } from '../../errors/windlass-error.ts';
import type { InstanceRequest, InstanceResponse } from '../../ports/image-instance.ts';

/** Talks HTTP to a server behind a unix socket, over connections that are kept open. */
interface InstanceClient {
  send(request: InstanceRequest): Promise<InstanceResponse>;
  close(): void;
}

/**
 * Creates the client; nothing is contacted yet. A request that gets no answer in `timeoutMs` (10 s)
 * rejects.
 */
export function createInstanceClient(socketPath: string): InstanceClient {
  const agent = new Agent({ keepAlive: true, maxSockets: 16 });
  return {
    send: ({ method, path, body, timeoutMs = 10_000 }) =>
      new Promise((resolve, reject) => {
        const bytes = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
        const headers =
          bytes === undefined ? {} : { 'content-type': 'application/json', 'content-length': bytes.length };
        const began = performance.now();
        const request = httpRequest({ agent, socketPath, method, path, headers }, (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('error', reject);
          response.on('end', () =>
            resolve({
              status: response.statusCode ?? 0,
              body: Buffer.concat(chunks).toString('utf8'),
              ms: performance.now() - began,
            }),
          );
        });
        request.setTimeout(timeoutMs, () =>
          request.destroy(new Error(`no answer to ${method} ${path} within ${timeoutMs} ms`)),
        );
        request.on('error', reject);
        request.end(bytes);
      }),
    close: () => agent.destroy(),
  };
}

/**
 * Waits until the server says that it is ready; `exited` gives the reason when it has ended
 * meanwhile. Throws CONTAINER_TEST_FAILED with the server's own last lines.
 */
export async function waitUntilReady(
  client: InstanceClient,
  options: {
    timeoutMs: number;
    exited: () => Promise<string | undefined>;
    logs: () => Promise<string>;
    signal?: AbortSignal;
  },
): Promise<void> {
  const deadline = performance.now() + options.timeoutMs;
  let last = 'no answer yet';
  let refused: string | undefined;
  const fail = async (what: string): Promise<never> => {
    const log = (await options.logs()).trim().split('\n').slice(-20);
    throw new WindlassError(
      'CONTAINER_TEST_FAILED',
      `The image's server ${what}: ${log.at(-1) ?? 'it wrote nothing'}`,
      {
        details: { last, log },
      },
    );
  };
  for (;;) {
    options.signal?.throwIfAborted();
    try {
      const { status, body } = await client.send({
        method: 'GET',
        path: '/v2/health/ready',
        timeoutMs: 2_000,
      });
      if (status === 200) return;
      last = `${status} ${body.slice(0, 200)}`;
      refused = await refusal(client);
    } catch (error) {
      last = (error as Error).message;
    }
    if (refused !== undefined) return fail(`will not score (${refused})`);
    const reason = await options.exited();
    if (reason !== undefined) return fail(`ended before it was ready (${reason})`);
    if (performance.now() > deadline)
      return fail(`was not ready within ${options.timeoutMs / 1000} s (${last})`);
    await delay(20);
  }
}

/**
 * What the module attests when it has loaded its model and found that it must not score; undefined
 * while it is loading.
 */
async function refusal(client: InstanceClient): Promise<string | undefined> {
  const { status, body } = await client.send({ method: 'GET', path: '/attestation', timeoutMs: 2_000 });
  return status === 200 && /"state":"failed"/.test(body) ? `it attests ${body.slice(0, 400)}` : undefined;
}
