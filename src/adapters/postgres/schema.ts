import type { AccessTables } from './access-tables.ts';
import type { HookTables } from './hook-tables.ts';
import type { DoorTables } from './mlflow-registry/door-tables.ts';
import type { MonitorTables } from './monitor-tables.ts';
import type { RegistryTables } from './registry-tables.ts';
import type { RolloutTables } from './rollout-tables.ts';
import type { TrackingTables } from './tracking/tracking-tables.ts';

// Each area declares its tables beside its store; this is where they come together.
export type Database = RegistryTables &
  AccessTables &
  MonitorTables &
  RolloutTables &
  HookTables &
  TrackingTables &
  DoorTables;
