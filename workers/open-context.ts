import type { Logger } from 'pino';
import type { WindlassConfig } from '../src/config/schema.ts';
import { openPlatform } from '../src/composition/open-platform.ts';
import type { WorkerContext } from './context.ts';

/** Opens what every queue builds on; see openPlatform for the errors. */
export async function openWorkerContext(
  config: WindlassConfig,
  logger: Logger,
): Promise<WorkerContext & { close(): Promise<void> }> {
  return openPlatform(config, logger);
}
