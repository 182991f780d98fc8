import type { AccessTables } from './access/access-tables.ts';
import type { HookTables } from './hooks/hook-tables.ts';
import type { DoorTables } from './mlflow/registry/door-tables.ts';
import type { MonitorTables } from './monitoring/monitor-tables.ts';
import type { RegistryTables } from './registry/registry-tables.ts';
import type { RolloutTables } from './rollout/rollout-tables.ts';
import type { StepTables } from './steps/step-tables.ts';
import type { TrackingTables } from './mlflow/tracking/tracking-tables.ts';

// Each area declares its tables beside its store; this is where they come together.
export type Database = RegistryTables &
  AccessTables &
  MonitorTables &
  RolloutTables &
  HookTables &
  StepTables &
  TrackingTables &
  DoorTables;
