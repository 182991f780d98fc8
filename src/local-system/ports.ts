import { createServer } from 'node:net';
import { WindlassError } from '../errors/windlass-error.ts';
import { SETTINGS } from '../config/schema.ts';
import { messageOf } from '../base/error-message.ts';
import { errorCode } from '../base/error-code.ts';

function tryListen(port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(port, host, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : port));
    });
  });
}

/** A port that was free a moment ago; only for programs that cannot choose one themselves. */
export async function freePort(host = '127.0.0.1'): Promise<number> {
  return tryListen(0, host);
}

/** The PORT_IN_USE error for a setting, which names the ways to change it. */
export function portInUse(port: number, setting: string, extra = ''): WindlassError {
  const env = SETTINGS.find((s) => s.key === setting)?.env ?? setting;
  return new WindlassError('PORT_IN_USE', `Port ${port} (setting ${setting}) is in use by another program.`, {
    hint: `Stop what listens there, or choose another port: --set ${setting}=PORT or ${env}=PORT (0: any free port).${extra}`,
    details: { port, setting, env },
  });
}

/**
 * The port to use for a setting: itself when it is free, a free one for 0; throws PORT_IN_USE
 * naming the setting.
 */
export async function claimPort(
  port: number,
  setting: string,
  options: { host?: string; hint?: string } = {},
): Promise<number> {
  try {
    return await tryListen(port, options.host ?? '127.0.0.1');
  } catch (error) {
    if (errorCode(error) === 'EADDRINUSE') throw portInUse(port, setting, options.hint);
    throw new WindlassError('CONFIG_INVALID', `Cannot listen on port ${port} (setting ${setting}).`, {
      cause: error,
      details: { port, setting, reason: messageOf(error) },
    });
  }
}
