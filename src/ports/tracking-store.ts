import type {
  DatasetInput,
  Experiment,
  KeyValue,
  LifecycleStage,
  LoggedModel,
  LoggedModelStatus,
  MetricPoint,
  Page,
  Run,
  RunInfo,
  RunModel,
  RunStatus,
  Search,
  TrackedFile,
} from '../contracts/mlflow/tracking.ts';

/**
 * Experiments; ids are whole numbers as text. Unknown ones are NOT_FOUND, a name that is taken is
 * AlreadyExists.
 */
export interface ExperimentStore {
  createExperiment(experiment: { name: string; tags: readonly KeyValue[] }): Promise<string>;
  experiment(by: { id: string } | { name: string }): Promise<Experiment>;
  renameExperiment(id: string, name: string): Promise<void>;
  /** Deleting or restoring an experiment deletes or restores its runs. */
  setExperimentStage(id: string, stage: LifecycleStage): Promise<void>;
  setExperimentTag(id: string, tag: KeyValue): Promise<void>;
  deleteExperimentTag(id: string, key: string): Promise<void>;
  searchExperiments(search: Search & { stages: readonly LifecycleStage[] }): Promise<Page<Experiment>>;
}

export interface NewRun {
  readonly runId: string;
  readonly experimentId: string;
  readonly name: string;
  readonly userId: string;
  readonly startedAt: number;
  readonly tags: readonly KeyValue[];
}

export interface RunBatch {
  readonly metrics: readonly MetricPoint[];
  readonly params: readonly KeyValue[];
  readonly tags: readonly KeyValue[];
}

/**
 * Runs and what they logged. Unknown runs are NOT_FOUND; changes to a deleted run are
 * INPUT_INVALID.
 */
export interface RunStore {
  createRun(run: NewRun): Promise<Run>;
  run(runId: string): Promise<Run>;
  updateRun(
    runId: string,
    change: {
      status?: RunStatus | undefined;
      endedAt?: number | undefined;
      name?: string | undefined;
    },
  ): Promise<RunInfo>;
  setRunStage(runId: string, stage: LifecycleStage): Promise<void>;
  /**
   * All or nothing, and the same batch twice is once; another value for a known param is
   * INPUT_INVALID.
   */
  logBatch(runId: string, batch: RunBatch): Promise<void>;
  deleteTag(runId: string, key: string): Promise<void>;
  logInputs(
    runId: string,
    inputs: { datasets: readonly DatasetInput[]; models: readonly string[] },
  ): Promise<void>;
  logOutputs(runId: string, models: readonly RunModel[]): Promise<void>;
  /** Oldest step first. */
  metricHistory(
    runId: string,
    key: string,
    part: { offset: number; limit: number },
  ): Promise<Page<MetricPoint>>;
  searchRuns(
    search: Search & { experimentIds: readonly string[]; stages: readonly LifecycleStage[] },
  ): Promise<Page<Run>>;
}

/** Logged models; unknown ones are NOT_FOUND. */
export interface LoggedModelStore {
  createLoggedModel(
    model: Pick<LoggedModel, 'modelId' | 'experimentId' | 'name' | 'modelType' | 'sourceRunId'> & {
      readonly params: readonly KeyValue[];
      readonly tags: readonly KeyValue[];
    },
  ): Promise<LoggedModel>;
  loggedModel(modelId: string, options?: { deletedToo?: boolean }): Promise<LoggedModel>;
  finishLoggedModel(modelId: string, status: LoggedModelStatus): Promise<LoggedModel>;
  deleteLoggedModel(modelId: string): Promise<void>;
  logModelParams(modelId: string, params: readonly KeyValue[]): Promise<void>;
  setModelTags(modelId: string, tags: readonly KeyValue[]): Promise<void>;
  deleteModelTag(modelId: string, key: string): Promise<void>;
  searchLoggedModels(search: Search & { experimentIds: readonly string[] }): Promise<Page<LoggedModel>>;
}

/** Which bytes are at which path; the bytes themselves are in the artefact store. */
export interface TrackedFileStore {
  putFile(file: TrackedFile): Promise<void>;
  file(path: string): Promise<TrackedFile | undefined>;
  /** Every file below a folder, by path. */
  filesBelow(folder: string): Promise<TrackedFile[]>;
  /** Removes the file, or everything below the folder. */
  deleteFiles(path: string): Promise<void>;
}

/** What the MLflow door keeps beside the registry. */
export type TrackingStore = ExperimentStore & RunStore & LoggedModelStore & TrackedFileStore;
