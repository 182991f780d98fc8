import type { Configurations } from './configurations.ts';
import type { Deployments } from './deployments.ts';
import type { Directory } from './directory.ts';
import type { FaultSwitch } from './faults.ts';
import type { QueryIndex } from './query-index.ts';
import type { StateFile } from './state-file.ts';
import type { TelemetryRouter } from './telemetry-router.ts';

/** What the two servers of the hub share. */
export interface HubParts {
  readonly state: StateFile;
  readonly directory: Directory;
  readonly index: QueryIndex;
  readonly deployments: Deployments;
  readonly configurations: Configurations;
  readonly faults: FaultSwitch;
  readonly telemetry: TelemetryRouter;
  readonly now: () => Date;
}
