/**
 * What MLflow's clients log, in the shape that Windlass keeps it. Times are milliseconds
 * since 1970.
 */

export type LifecycleStage = 'active' | 'deleted';

export interface KeyValue {
  readonly key: string;
  readonly value: string;
}

export interface Experiment {
  readonly experimentId: string;
  readonly name: string;
  readonly stage: LifecycleStage;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly tags: readonly KeyValue[];
}

export const RUN_STATUSES = ['RUNNING', 'SCHEDULED', 'FINISHED', 'FAILED', 'KILLED'] as const;
export type RunStatus = (typeof RUN_STATUSES)[number];

export interface RunInfo {
  readonly runId: string;
  readonly experimentId: string;
  readonly name: string;
  readonly userId: string;
  readonly status: RunStatus;
  readonly startedAt: number;
  readonly endedAt: number | null;
  readonly stage: LifecycleStage;
}

/** One point of a metric's history; the value may be NaN or infinite. */
export interface MetricPoint {
  readonly key: string;
  readonly value: number;
  readonly at: number;
  readonly step: number;
  /** The logged model that the metric is about. */
  readonly modelId?: string | undefined;
  readonly datasetName?: string | undefined;
  readonly datasetDigest?: string | undefined;
}

export interface DatasetInput {
  readonly name: string;
  readonly digest: string;
  readonly sourceType: string;
  readonly source: string;
  readonly schema?: string | undefined;
  readonly profile?: string | undefined;
  readonly tags: readonly KeyValue[];
}

export interface RunModel {
  readonly modelId: string;
  readonly step: number;
}

/** A run with the latest point of each of its metrics. */
export interface Run extends RunInfo {
  readonly params: readonly KeyValue[];
  readonly tags: readonly KeyValue[];
  readonly metrics: readonly MetricPoint[];
  readonly datasets: readonly DatasetInput[];
  readonly modelInputs: readonly RunModel[];
  readonly modelOutputs: readonly RunModel[];
}

export const LOGGED_MODEL_STATUSES = ['PENDING', 'READY', 'FAILED'] as const;
export type LoggedModelStatus = (typeof LOGGED_MODEL_STATUSES)[number];

/** A model that a client logged in an experiment, before anybody registers it. */
export interface LoggedModel {
  readonly modelId: string;
  readonly experimentId: string;
  readonly name: string;
  readonly modelType: string | null;
  readonly sourceRunId: string | null;
  readonly status: LoggedModelStatus;
  readonly statusMessage: string | null;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly stage: LifecycleStage;
  readonly params: readonly KeyValue[];
  readonly tags: readonly KeyValue[];
  readonly metrics: readonly MetricPoint[];
}

/** A file that a client put at a path. */
export interface TrackedFile {
  readonly path: string;
  readonly digest: string;
  /** bytes */
  readonly size: number;
  readonly mediaType: string;
}

export type Comparator =
  '=' | '!=' | '<' | '<=' | '>' | '>=' | 'LIKE' | 'ILIKE' | 'IN' | 'NOT IN' | 'IS NULL' | 'IS NOT NULL';
export type SearchEntity = 'attribute' | 'metric' | 'param' | 'tag' | 'dataset';

/** One comparison of a search; all of a search's clauses must hold. */
export interface SearchClause {
  readonly entity: SearchEntity;
  readonly key: string;
  readonly comparator: Comparator;
  readonly value: string | number | readonly string[] | null;
}

export interface SearchOrder {
  readonly entity: SearchEntity;
  readonly key: string;
  readonly descending: boolean;
}

/** A search that has been parsed: what must hold, in which order, and which part of the answer. */
export interface Search {
  readonly clauses: readonly SearchClause[];
  readonly order: readonly SearchOrder[];
  readonly offset: number;
  readonly limit: number;
}

/** A part of an answer; `more` says that rows follow. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly more: boolean;
}
