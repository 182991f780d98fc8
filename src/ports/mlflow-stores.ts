import type { MlflowRegistry } from './mlflow-registry.ts';
import type { TrackingStore } from './tracking-store.ts';

/** What the MLflow door needs beside registry and artefacts. */
export interface MlflowStores {
  readonly tracking: TrackingStore;
  readonly models: MlflowRegistry;
}
