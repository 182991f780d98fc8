/**
 * Where data lie, as the notation of a source says: a path or glob, blobs of an Azure container, or
 * the rows of a query.
 */
export type SourceNotation =
  | { readonly kind: 'files'; readonly path: string }
  | {
      readonly kind: 'azure';
      readonly account: string;
      readonly container: string;
      readonly prefix: string;
      /** `https://HOST` of the account; absent where the notation names only the account. */
      readonly endpoint?: string;
    }
  | { readonly kind: 'query'; readonly file: string; readonly folder?: string }
  | { readonly kind: 'wrong'; readonly problem: string };

const AZURE_HOST = /^([a-z0-9]{3,24})\.blob\.core\.(windows\.net|chinacloudapi\.cn|usgovcloudapi\.net)$/;
const PLACE = /^([a-z0-9$][a-z0-9-]{2,62})(?:\/(.*))?$/;

/**
 * Reads the notation of a data source: `PATH`, `az://ACCOUNT/CONTAINER/PREFIX`,
 * `https://ACCOUNT.blob.core.windows.net/CONTAINER/PREFIX` or `sql:QUERY.sql#FOLDER` (the query's
 * data lie below FOLDER, its own folder by default).
 */
export function readSource(source: string): SourceNotation {
  const query = /^sql:([^#]+)(?:#(.+))?$/.exec(source);
  if (query !== null) {
    const [, file = '', folder] = query;
    return { kind: 'query', file, folder };
  }
  const url = /^([a-z][a-z0-9+.-]*):\/\/([^/]+)(?:\/(.*))?$/i.exec(source);
  if (url === null) return { kind: 'files', path: source };
  const [, scheme = '', host = '', rest = ''] = url;
  if (/[?#]/.test(rest))
    return wrong('an address without "?…": give a SAS token as AZURE_STORAGE_SAS_TOKEN, not in the address');
  const named = AZURE_HOST.exec(host.toLowerCase());
  const account = scheme === 'az' ? /^[a-z0-9]{3,24}$/.exec(host)?.[0] : named?.[1];
  const place = PLACE.exec(rest);
  if ((scheme !== 'az' && scheme !== 'https') || account === undefined || place === null)
    return wrong('az://ACCOUNT/CONTAINER/PREFIX or https://ACCOUNT.blob.core.windows.net/CONTAINER/PREFIX');
  const [, container = '', prefix = ''] = place;
  const blobs = { kind: 'azure', account, container, prefix } as const;
  return scheme === 'az' ? blobs : { ...blobs, endpoint: `https://${host}` };
}

function wrong(problem: string): SourceNotation {
  return { kind: 'wrong', problem };
}

/**
 * The source with its paths made absolute by `resolve`, so that it means the same in every process.
 */
export function absoluteSource(source: string, resolve: (path: string) => string): string {
  const notation = readSource(source);
  if (notation.kind === 'files') return resolve(notation.path);
  if (notation.kind !== 'query') return source;
  const { file, folder } = notation;
  return `sql:${resolve(file)}${folder === undefined ? '' : `#${resolve(folder)}`}`;
}
