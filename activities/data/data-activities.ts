import { activityInfo, cancellationSignal, heartbeat } from '@temporalio/activity';
import type { DataRef } from '../../src/contracts/build.ts';
import type { GateResult } from '../../src/contracts/gate.ts';
import type { ProjectSpec } from '../../src/contracts/project.ts';
import { checkData, snapshotData } from './data-sets.ts';
import type { DataDeps, SnapshotRequest } from './data-sets.ts';

export type DataActivities = ReturnType<typeof createDataActivities>;

/** Activities about training data; both heartbeat with the file they are at. */
export function createDataActivities(deps: DataDeps) {
  return {
    /** Keeps the files of a source; `source` absent: what the last run of this pipeline used. */
    snapshotData: (request: SnapshotRequest): Promise<DataRef> => snapshotData(deps, request, beat),
    /** The verdicts on a snapshot, one per gate; failing ones are returned, not thrown. */
    checkData: (request: { ref: DataRef; spec: ProjectSpec }): Promise<GateResult[]> =>
      checkData(deps, request, beat),
  };
}

function beat(message: string): void {
  cancellationSignal().throwIfAborted();
  heartbeat({ attempt: activityInfo().attempt, message });
}
