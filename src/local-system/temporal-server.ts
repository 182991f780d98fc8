import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Connection } from '@temporalio/client';
import type { temporal } from '@temporalio/proto';
import { SEARCH_ATTRIBUTES } from '../contracts/names.ts';
import { WindlassError } from '../errors/windlass-error.ts';
import { obtainPart } from './outside-parts/obtain-part.ts';
import { startProcess, type ManagedProcess, type ProcessEvent } from './process.ts';
import { connectTemporal } from '../adapters/temporal/connect-temporal.ts';
import { messageOf } from '../base/error-message.ts';
import { waitFor } from '../base/wait-for.ts';

const KEYWORD: temporal.api.enums.v1.IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD = 2;
const RETENTION_SECONDS = 30 * 24 * 3600;
const NOT_FOUND = 5;
const ALREADY_EXISTS = 6;

export interface TemporalServerOptions {
  readonly stateDir: string;
  readonly namespace: string;
  /** Free ports; see claimPort. */
  readonly port: number;
  readonly uiPort: number;
  readonly report?: (message: string) => void;
  readonly onEvent?: (event: ProcessEvent) => void;
  readonly signal?: AbortSignal;
}

export interface TemporalServer {
  readonly address: string;
  readonly ui: string;
  /** Where the program was found. */
  readonly source: string;
  readonly process: ManagedProcess;
  stop(): Promise<void>;
}

function grpcCode(error: unknown): number | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'number' ? error.code : undefined;
}

async function ensureNamespace(connection: Connection, namespace: string): Promise<void> {
  try {
    await connection.workflowService.describeNamespace({ namespace });
    return;
  } catch (error) {
    if (grpcCode(error) !== NOT_FOUND) throw error;
  }
  try {
    await connection.workflowService.registerNamespace({
      namespace,
      workflowExecutionRetentionPeriod: { seconds: RETENTION_SECONDS as unknown as Long },
    });
  } catch (error) {
    if (grpcCode(error) !== ALREADY_EXISTS) throw error;
  }
}

type Long = NonNullable<
  temporal.api.workflowservice.v1.IRegisterNamespaceRequest['workflowExecutionRetentionPeriod']
>['seconds'];

async function missingAttributes(connection: Connection, namespace: string): Promise<string[]> {
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
  return Object.values(SEARCH_ATTRIBUTES).filter((name) => !(name in (customAttributes ?? {})));
}

/**
 * Makes a Temporal server, ours or an existing one, ready for Windlass: the namespace exists and
 * every search attribute is registered. Repeating it changes nothing. Throws TEMPORAL_UNAVAILABLE.
 */
export async function prepareTemporal(address: string, namespace: string): Promise<void> {
  const connection = await connectTemporal(address);
  try {
    await connection.withDeadline(Date.now() + 60_000, async () => {
      await ensureNamespace(connection, namespace);
      // A namespace that is new becomes known to all parts of the server only after a few seconds.
      const missing = await waitFor(() => missingAttributes(connection, namespace).catch(() => undefined), {
        timeoutMs: 30_000,
        everyMs: 250,
      });
      const names = missing ?? (await missingAttributes(connection, namespace));
      for (const name of names)
        try {
          await connection.operatorService.addSearchAttributes({
            namespace,
            searchAttributes: { [name]: KEYWORD },
          });
        } catch (error) {
          if (grpcCode(error) !== ALREADY_EXISTS) throw error;
        }

      const registered = await waitFor(
        async () => (await missingAttributes(connection, namespace)).length === 0,
        {
          timeoutMs: 20_000,
          everyMs: 250,
        },
      );
      if (registered !== true) throw new Error('the search attributes were added but do not appear');
    });
  } catch (error) {
    if (error instanceof WindlassError) throw error;
    const reason = messageOf(error);
    throw new WindlassError(
      'TEMPORAL_UNAVAILABLE',
      `The Temporal server at ${address} could not be prepared: ${reason}`,
      {
        hint: `Register the namespace ${namespace} and these Keyword search attributes: ${Object.values(SEARCH_ATTRIBUTES).join(', ')}.`,
        cause: error,
      },
    );
  } finally {
    await connection.close();
  }
}

async function answers(address: string): Promise<boolean> {
  const connection = await Connection.connect({ address, connectTimeout: 1_000 });
  await connection.close();
  return true;
}

/**
 * Starts the Temporal development server on 127.0.0.1 with its state in `temporal/state.db`, so
 * that workflows survive a restart.
 */
export async function startTemporalServer(options: TemporalServerOptions): Promise<TemporalServer> {
  const { path, source } = await obtainPart('temporal', { report: options.report });
  const dir = join(options.stateDir, 'temporal');
  mkdirSync(dir, { recursive: true });
  const address = `127.0.0.1:${options.port}`;
  const process = await startProcess({
    name: 'temporal',
    command: path,
    args: [
      ...['server', 'start-dev', '--ip', '127.0.0.1', '--port', String(options.port)],
      ...['--ui-port', String(options.uiPort), '--db-filename', join(dir, 'state.db')],
      ...['--sqlite-pragma', 'journal_mode=WAL', '--sqlite-pragma', 'synchronous=NORMAL'],
      ...['--namespace', options.namespace, '--log-level', 'warn', '--log-format', 'json'],
      ...Object.values(SEARCH_ATTRIBUTES).flatMap((name) => ['--search-attribute', `${name}=Keyword`]),
    ],
    stateDir: options.stateDir,
    probe: () => answers(address),
    readyTimeoutMs: 60_000,
    restart: true,
    errorCode: 'TEMPORAL_UNAVAILABLE',
    onEvent: options.onEvent,
    signal: options.signal,
  });
  try {
    await prepareTemporal(address, options.namespace);
  } catch (error) {
    await process.stop();
    throw error;
  }
  return { address, ui: `http://127.0.0.1:${options.uiPort}`, source, process, stop: () => process.stop() };
}
