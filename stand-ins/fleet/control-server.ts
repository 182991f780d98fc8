import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { HttpError, parseObject, readBody, send } from '../../edge/http-io.ts';
import { messageOf } from '../../src/base/error-message.ts';
import { act, ACTIONS, ControlError, type ActionName } from './control-actions.ts';
import type { VirtualDevice } from './virtual-device.ts';

export interface ControlServer {
  readonly url: string;
  close(): Promise<void>;
}

async function answer(
  devices: ReadonlyMap<string, VirtualDevice>,
  call: { method: string; path: string; body: () => Promise<Buffer> },
): Promise<unknown> {
  const [, first = '', ...rest] = call.path.split('/');
  if (call.method === 'GET' && first === 'devices') {
    const id = rest[0];
    if (id === undefined) return { devices: [...devices.values()].map((device) => device.describe()) };
    const device = devices.get(id);
    if (!device) throw new ControlError(404, `device "${id}" is not known`);
    return device.describe();
  }
  if (call.method === 'GET' && first === 'health') return { ok: true, devices: devices.size };
  if (call.method === 'POST') {
    const name = (first === 'devices' ? rest : [first, ...rest]).join('/');
    if (ACTIONS.includes(name as ActionName)) {
      const bytes = await call.body();
      return {
        changed: await act(devices, name as ActionName, bytes.length === 0 ? {} : parseObject(bytes)),
      };
    }
  }
  throw new ControlError(404, `${call.method} ${call.path} is not known; actions: ${ACTIONS.join(', ')}`);
}

/** The fleet's control interface: JSON over HTTP on the loopback address. */
export async function startControlServer(
  devices: ReadonlyMap<string, VirtualDevice>,
  port: number,
): Promise<ControlServer> {
  const server = createServer((request, response) => {
    const path = (request.url ?? '/').split('?')[0] ?? '/';
    const call = { method: request.method ?? 'GET', path, body: () => readBody(request, 1024 * 1024) };
    void answer(devices, call).then(
      (body) => send(response, { body }),
      (error: unknown) => {
        const status = error instanceof ControlError || error instanceof HttpError ? error.status : 500;
        send(response, { status, body: { error: messageOf(error) } });
      },
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
