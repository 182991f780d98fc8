import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import type { HubAddress } from './options.ts';

const API_VERSION = '2021-04-12';
const DEADLINE_MS = 20_000;

/** The hub answered, but not with what was asked for. */
export class HubRestError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.name = 'HubRestError';
    this.status = status;
  }
}

/** Who signs a call: the service's policy, or a device with its own key. */
export type Signer = { readonly policy: true } | { readonly device: string; readonly key: string };

export interface HubRest {
  call(
    method: 'GET' | 'PUT' | 'POST',
    path: string,
    options: { as: Signer; body?: unknown },
  ): Promise<unknown>;
  close(): void;
}

function token(resource: string, key: string, policy?: string): string {
  const expiry = Math.floor(Date.now() / 1000) + 3600;
  const sr = encodeURIComponent(resource);
  const signature = createHmac('sha256', Buffer.from(key, 'base64'))
    .update(`${sr}\n${expiry}`)
    .digest('base64');
  const skn = policy === undefined ? '' : `&skn=${policy}`;
  return `SharedAccessSignature sr=${sr}&sig=${encodeURIComponent(signature)}&se=${expiry}${skn}`;
}

/** The few registry calls that a factory and a device's identity service make. */
export function createHubRest(hub: HubAddress): HubRest {
  const agent = new Agent({
    keepAlive: true,
    maxSockets: 8,
    ca: hub.caFile === undefined ? undefined : readFileSync(hub.caFile),
  });
  return {
    call: (method, path, { as, body }) => {
      const authorization =
        'policy' in as
          ? token(hub.hostname, hub.key, hub.policy)
          : token(`${hub.hostname}/devices/${as.device}`, as.key);
      const payload = body === undefined ? undefined : JSON.stringify(body);
      return new Promise((resolve, reject) => {
        const outgoing = request(
          {
            method,
            agent,
            host: hub.hostname,
            port: hub.httpsPort,
            path: `${path}?api-version=${API_VERSION}`,
            timeout: DEADLINE_MS,
            headers: {
              authorization,
              'content-type': 'application/json',
              ...(payload === undefined ? {} : { 'content-length': Buffer.byteLength(payload) }),
            },
          },
          (response) => {
            const chunks: Buffer[] = [];
            response.on('data', (chunk: Buffer) => chunks.push(chunk));
            response.on('error', reject);
            response.on('end', () => {
              const text = Buffer.concat(chunks).toString('utf8');
              const status = response.statusCode ?? 0;
              if (status >= 300)
                reject(new HubRestError(status, `${method} ${path}: ${status} ${text.slice(0, 300)}`));
              else resolve(text === '' ? undefined : JSON.parse(text));
            });
          },
        );
        outgoing.on('timeout', () =>
          outgoing.destroy(new Error(`${method} ${path} took longer than ${DEADLINE_MS} ms`)),
        );
        outgoing.on('error', reject);
        outgoing.end(payload);
      });
    },
    close: () => agent.destroy(),
  };
}
