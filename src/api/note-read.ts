import type { AuditTrail } from '../ports/registry/audit-trail.ts';

/** Writes an audit event when bytes are handed out: reads matter as much as changes. */
export async function noteRead(
  registry: Pick<AuditTrail, 'recordAudit'>,
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
