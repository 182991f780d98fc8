import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { portInUse } from '../src/local-system/ports.ts';
import { errorCode } from '../src/base/error-code.ts';

async function temporalMetrics(address: string): Promise<string> {
  const response = await fetch(`http://${address}/metrics`, { signal: AbortSignal.timeout(3_000) });
  return response.text();
}

/**
 * Serves `/metrics` (Prometheus text: this process, then Temporal's own metrics read from
 * `temporalAddress`) and `/health`. Throws PORT_IN_USE.
 */
export async function serveMetrics(
  listen: { host: string; port: number },
  temporalAddress: string,
): Promise<{ close(): Promise<void> }> {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const answer = async (): Promise<string> => {
    const own = await registry.metrics();
    // A scrape that cannot read Temporal's part still gives ours.
    const theirs = await temporalMetrics(temporalAddress).catch(() => '');
    return `${own.trimEnd()}\n${theirs}`;
  };
  const server: Server = createServer((request, response) => {
    if (request.url === '/health') {
      response.end('ok\n');
      return;
    }
    if (request.url !== '/metrics') {
      response.writeHead(404).end('not found: /metrics and /health are here\n');
      return;
    }
    answer().then(
      (text) => response.setHeader('content-type', registry.contentType).end(text),
      () => response.writeHead(500).end('the metrics could not be collected\n'),
    );
  });
  server.listen(listen.port, listen.host);
  try {
    await once(server, 'listening');
  } catch (error) {
    if (errorCode(error) === 'EADDRINUSE') throw portInUse(listen.port, 'worker.metricsPort');
    throw error;
  }
  return {
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
