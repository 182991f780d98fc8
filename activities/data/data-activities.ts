import type { DataRef } from '../../src/contracts/data/data-set.ts';
import type { GateResult } from '../../src/contracts/gate.ts';
import type { ProjectSpec } from '../../src/contracts/project/project.ts';
import type { StepOutput } from '../../src/contracts/progress.ts';
import { withHeartbeats } from '../shared/heartbeats.ts';
import { checkData } from './data-sets.ts';
import { snapshotData } from './snapshot.ts';
import type { DataDeps, SnapshotRequest } from './snapshot.ts';

export type DataActivities = ReturnType<typeof createDataActivities>;

/**
 * Activities about training data; both heartbeat with the file they are at, however long a query or
 * a file takes.
 */
export function createDataActivities(deps: DataDeps) {
  return {
    /** Keeps the files of a source; `source` absent: what the last run of this pipeline used. */
    snapshotData: (request: SnapshotRequest): Promise<StepOutput<DataRef>> =>
      withHeartbeats(async (report, signal) => {
        const { ref, read } = await snapshotData(deps, request, (message) => {
          signal.throwIfAborted();
          report({ message });
        });
        const unchanged =
          read === ref.files ? '' : `, ${ref.files - read} files unchanged since they were last read`;
        return {
          value: ref,
          message: `${ref.digest.slice(7, 19)}: ${ref.files} files, ${ref.rows} rows${unchanged}`,
        };
      }),
    /** The verdicts on a snapshot, one per gate; failing ones are returned, not thrown. */
    checkData: (request: { ref: DataRef; spec: ProjectSpec }): Promise<GateResult[]> =>
      withHeartbeats((report, signal) =>
        checkData(deps, request, (message) => {
          signal.throwIfAborted();
          report({ message });
        }),
      ),
  };
}
