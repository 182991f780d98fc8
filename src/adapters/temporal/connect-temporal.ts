import { Connection } from '@temporalio/client';
import { WindlassError } from '../../errors/windlass-error.ts';
import { messageOf } from '../../base/error-message.ts';

const CONNECT_TIMEOUT_MS = 10_000;

/**
 * Opens a connection within ten seconds; throws TEMPORAL_UNAVAILABLE naming the address. The caller
 * closes it.
 */
export async function connectTemporal(address: string): Promise<Connection> {
  try {
    return await Connection.connect({ address, connectTimeout: CONNECT_TIMEOUT_MS });
  } catch (error) {
    const reason = messageOf(error);
    throw new WindlassError(
      'TEMPORAL_UNAVAILABLE',
      `The Temporal server at ${address} does not answer: ${reason}`,
      {
        hint: 'Check TEMPORAL_ADDRESS (temporal.address), or unset it to let Windlass start a development server.',
        cause: error,
        details: { address },
      },
    );
  }
}
