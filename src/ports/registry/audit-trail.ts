import type { AuditEvent, AuditFilter, AuditVerdict } from '../../contracts/audit.ts';

/** Who did what, when and why, in a chain that shows changes. */
export interface AuditTrail {
  /** Newest first. */
  audit(filter?: AuditFilter): Promise<AuditEvent[]>;
  /**
   * Recomputes the chain; with a head that was kept elsewhere, also finds an end that was cut off.
   */
  verifyAudit(head?: string): Promise<AuditVerdict>;
  recordAudit(event: Omit<AuditEvent, 'seq' | 'at'>): Promise<void>;
}
