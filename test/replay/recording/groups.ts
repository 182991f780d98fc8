import type { Bench } from './bench.ts';
import { recordBuilds, recordImports } from './groups/builds.ts';
import { recordDeployments } from './groups/deployments.ts';
import { recordCalibrations, recordStragglers } from './groups/devices.ts';
import { recordMonitoring, recordNewData } from './groups/monitoring.ts';
import { recordPushes } from './groups/pushes.ts';
import { recordQuietPushes } from './groups/quiet-pushes.ts';
import { recordLongRollout, recordRollouts } from './groups/rollouts.ts';
import type { HistoryKeeper } from './keep-history.ts';

type RecordGroup = (bench: Bench, keeper: HistoryKeeper) => Promise<void>;

/** What can be recorded, in this order. */
export const GROUPS: Readonly<Record<string, RecordGroup>> = {
  rollouts: recordRollouts,
  'long-rollout': recordLongRollout,
  stragglers: recordStragglers,
  deployments: recordDeployments,
  builds: recordBuilds,
  imports: recordImports,
  calibrations: recordCalibrations,
  monitoring: recordMonitoring,
  'new-data': recordNewData,
  pushes: recordPushes,
  'quiet-pushes': recordQuietPushes,
};
