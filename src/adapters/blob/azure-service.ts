import { DefaultAzureCredential } from '@azure/identity';
import { AnonymousCredential, BlobServiceClient } from '@azure/storage-blob';
import { WindlassError } from '../../errors/windlass-error.ts';

/**
 * How to get into storage accounts; with neither, the identity that the Azure SDK finds (managed
 * identity, `az login`, …).
 */
export interface AzureAccess {
  readonly connectionString?: string | undefined;
  readonly sasToken?: string | undefined;
}

/** One attempt may take this long, in ms; the SDK makes three. */
const TRY_MS = 60_000;

/**
 * The blob service of an account. Throws CONFIG_INVALID when the connection string is that of
 * another account.
 */
export function openBlobService(
  { account, endpoint }: { readonly account: string; readonly endpoint?: string },
  { connectionString, sasToken }: AzureAccess,
): BlobServiceClient {
  const options = { retryOptions: { maxTries: 3, tryTimeoutInMs: TRY_MS } };
  const address = endpoint ?? `https://${account}.blob.core.windows.net`;
  if (connectionString !== undefined) {
    const service = BlobServiceClient.fromConnectionString(connectionString, options);
    if (service.accountName === account) return service;
    throw new WindlassError(
      'CONFIG_INVALID',
      `azure.connectionString is that of the account ${service.accountName}, not of ${account}.`,
    );
  }
  if (sasToken !== undefined)
    return new BlobServiceClient(
      `${address}?${sasToken.replace(/^\?/, '')}`,
      new AnonymousCredential(),
      options,
    );
  return new BlobServiceClient(address, new DefaultAzureCredential(), options);
}
