import { X509Certificate } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generate } from 'selfsigned';

export interface Certificate {
  readonly key: string;
  readonly cert: string;
  /** What clients must trust. */
  readonly caFile: string;
}

const TEN_YEARS_MS = 10 * 365 * 24 * 3600 * 1000;

/** The hub's self-signed certificate for its host names, made once and kept in the folder. */
export async function loadCertificate(folder: string, hostname: string): Promise<Certificate> {
  const caFile = join(folder, 'ca.pem');
  const keyFile = join(folder, 'key.pem');
  if (!existsSync(keyFile) || !covers(caFile, hostname)) {
    const names = [...new Set([hostname, 'localhost'])];
    const made = await generate([{ name: 'commonName', value: hostname }], {
      keyType: 'ec',
      curve: 'P-256',
      algorithm: 'sha256',
      notBeforeDate: new Date(Date.now() - 24 * 3600 * 1000),
      notAfterDate: new Date(Date.now() + TEN_YEARS_MS),
      extensions: [
        { name: 'basicConstraints', cA: true, critical: true },
        {
          name: 'keyUsage',
          digitalSignature: true,
          keyCertSign: true,
          keyEncipherment: true,
          critical: true,
        },
        { name: 'extKeyUsage', serverAuth: true },
        {
          name: 'subjectAltName',
          altNames: [
            ...names.map((value) => ({ type: 2 as const, value })),
            { type: 7 as const, ip: '127.0.0.1' },
          ],
        },
      ],
    });
    writeFileSync(keyFile, made.private, { mode: 0o600 });
    writeFileSync(caFile, made.cert);
  }
  return { key: readFileSync(keyFile, 'utf8'), cert: readFileSync(caFile, 'utf8'), caFile };
}

function covers(file: string, hostname: string): boolean {
  return existsSync(file) && new X509Certificate(readFileSync(file)).checkHost(hostname) !== undefined;
}
