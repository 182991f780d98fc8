import type {
  DatasetInput,
  Experiment,
  LoggedModel,
  LoggedModelStatus,
  MetricPoint,
  Page,
  Run,
  RunInfo,
} from '../../contracts/mlflow/tracking.ts';
import {
  ARTEFACT_SCHEME,
  loggedModelUri,
  runArtefactUri,
  versionArtefactUri,
} from '../../domain/tracking/artefact-paths.ts';
import { pageToken } from '../../domain/tracking/search.ts';
import type { DoorModel, DoorVersion } from '../../ports/mlflow-registry.ts';

// The shapes of MLflow's protocol (protobuf as JSON, snake_case); numbers of 64 bits are written as
// numbers.

export function experimentWire(experiment: Experiment) {
  return {
    experiment_id: experiment.experimentId,
    name: experiment.name,
    artifact_location: `${ARTEFACT_SCHEME}${experiment.experimentId}`,
    lifecycle_stage: experiment.stage,
    creation_time: experiment.createdAt,
    last_update_time: experiment.updatedAt,
    tags: experiment.tags,
  };
}

export function runInfoWire(info: RunInfo) {
  return {
    run_id: info.runId,
    run_uuid: info.runId,
    run_name: info.name,
    experiment_id: info.experimentId,
    user_id: info.userId,
    status: info.status,
    start_time: info.startedAt,
    end_time: info.endedAt ?? undefined,
    artifact_uri: runArtefactUri(info),
    lifecycle_stage: info.stage,
  };
}

export function runWire(run: Run) {
  return {
    info: runInfoWire(run),
    data: { metrics: run.metrics.map((point) => metricWire(point)), params: run.params, tags: run.tags },
    inputs: {
      dataset_inputs: run.datasets.map(datasetWire),
      model_inputs: run.modelInputs.map(({ modelId }) => ({ model_id: modelId })),
    },
    outputs: { model_outputs: run.modelOutputs.map(({ modelId, step }) => ({ model_id: modelId, step })) },
  };
}

/** A number as protobuf writes it in JSON, which has neither NaN nor infinities. */
function doubleWire(value: number): number | string {
  return Number.isFinite(value) ? value : String(value);
}

export function metricWire(point: MetricPoint, run?: string) {
  return {
    key: point.key,
    value: doubleWire(point.value),
    timestamp: point.at,
    step: point.step,
    model_id: point.modelId,
    dataset_name: point.datasetName,
    dataset_digest: point.datasetDigest,
    run_id: run,
  };
}

function datasetWire({ name, digest, sourceType, source, schema, profile, tags }: DatasetInput) {
  return {
    tags,
    dataset: {
      name,
      digest,
      source,
      source_type: sourceType,
      schema,
      profile,
    },
  };
}

const MODEL_STATUS: Readonly<Record<LoggedModelStatus, string>> = {
  PENDING: 'LOGGED_MODEL_PENDING',
  READY: 'LOGGED_MODEL_READY',
  FAILED: 'LOGGED_MODEL_UPLOAD_FAILED',
};

export function loggedModelStatus(wire: string): LoggedModelStatus | undefined {
  return (Object.keys(MODEL_STATUS) as LoggedModelStatus[]).find((status) => MODEL_STATUS[status] === wire);
}

export function loggedModelWire(model: LoggedModel) {
  return {
    info: {
      model_id: model.modelId,
      experiment_id: model.experimentId,
      name: model.name,
      creation_timestamp_ms: model.createdAt,
      last_updated_timestamp_ms: model.updatedAt,
      artifact_uri: loggedModelUri(model),
      status: MODEL_STATUS[model.status],
      model_type: model.modelType ?? undefined,
      source_run_id: model.sourceRunId ?? undefined,
      status_message: model.statusMessage ?? undefined,
      tags: model.tags,
    },
    data: { params: model.params, metrics: model.metrics.map((point) => metricWire(point)) },
  };
}

export function versionWire(version: DoorVersion) {
  return {
    name: version.name,
    version: version.version,
    creation_timestamp: version.createdAt,
    last_updated_timestamp: version.updatedAt,
    user_id: version.createdBy,
    current_stage: 'None',
    description: version.description,
    source: version.source ?? versionArtefactUri(version),
    run_id: version.runId ?? '',
    run_link: version.runLink ?? undefined,
    model_id: version.modelId ?? undefined,
    status: 'READY',
    tags: version.tags,
    aliases: version.aliases,
  };
}

export function modelWire(model: DoorModel) {
  return {
    name: model.name,
    creation_timestamp: model.createdAt,
    last_updated_timestamp: model.updatedAt,
    description: model.description,
    latest_versions: model.latest === undefined ? [] : [versionWire(model.latest)],
    tags: model.tags,
    aliases: model.aliases,
  };
}

/** The token of the page behind this one, when there is one. */
export function nextPage(page: Page<unknown>, offset: number): { next_page_token?: string } {
  return page.more ? { next_page_token: pageToken(offset + page.items.length) } : {};
}
