import { WindlassError } from '../../../errors/windlass-error.ts';
import type { AuditEvent } from '../../../contracts/audit.ts';
import type { DeviceAssignment, Lineage } from '../../../contracts/model/lineage.ts';
import type { Registry } from '../../../ports/registry/registry.ts';

/**
 * Everything that led to what one pump runs: what it was given and why, and what that version was
 * made of.
 */
export interface PumpLineage extends Omit<Lineage, 'devices' | 'audit' | 'data'> {
  readonly pump: string;
  readonly history: readonly DeviceAssignment[];
  readonly dataFiles: number;
  /** Who did what to the version: registration, aliases, rollout decisions. */
  readonly approvals: ReadonlyArray<Pick<AuditEvent, 'at' | 'actor' | 'action' | 'reason'>>;
}

/**
 * From a running pump back to commit and data digest. Throws NOT_FOUND when the pump was never
 * given a version.
 */
export async function pumpLineage(registry: Registry, pump: string): Promise<PumpLineage> {
  const history = await registry.deviceHistory(pump);
  const now = history.find((h) => h.until === null);
  if (now === undefined) throw new WindlassError('NOT_FOUND', `${pump} was never given a version.`);
  const { devices: _, audit, data, ...lineage } = await registry.lineage(now.model, now.version);
  return {
    pump,
    history,
    ...lineage,
    dataFiles: data.length,
    approvals: audit.map(({ at, actor, action, reason }) => ({ at, actor, action, reason })),
  };
}
