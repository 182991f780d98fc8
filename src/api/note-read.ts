import type { Registry } from '../ports/registry/registry.ts';

/** Leaves an audit event of bytes that are given out; who got them matters as much as who changed something. */
export async function noteRead(
  registry: Pick<Registry, 'recordAudit'>,
  actor: string,
  { digest, ...details }: { digest: string; mediaType: string; size: number; path?: string },
): Promise<void> {
  await registry.recordAudit({
    actor,
    action: 'artefact.read',
    subject: `artefact/${digest}`,
    reason: 'through the API',
    details,
  });
}
