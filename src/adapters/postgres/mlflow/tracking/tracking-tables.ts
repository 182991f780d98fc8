import type { ColumnType, Generated } from 'kysely';
import type {
  KeyValue,
  LifecycleStage,
  LoggedModelStatus,
  RunStatus,
} from '../../../../contracts/mlflow/tracking.ts';
import type { BigInteger, Json } from '../../column-types.ts';

export interface TrackingTables {
  mlflow_experiments: {
    experiment_id: Generated<number>;
    name: string;
    stage: Generated<LifecycleStage>;
    created_at: BigInteger;
    updated_at: BigInteger;
  };
  mlflow_experiment_tags: { experiment_id: number; key: string; value: string };
  mlflow_runs: {
    run_id: string;
    experiment_id: number;
    name: string;
    user_id: string;
    status: RunStatus;
    started_at: BigInteger;
    ended_at: ColumnType<string | null, number | null, number | null>;
    stage: Generated<LifecycleStage>;
  };
  mlflow_params: { run_id: string; key: string; value: string };
  mlflow_tags: { run_id: string; key: string; value: string };
  mlflow_metrics: {
    run_id: string;
    key: string;
    step: BigInteger;
    at: BigInteger;
    value: number;
    model_id: string;
    dataset_name: string | null;
    dataset_digest: string | null;
  };
  mlflow_latest_metrics: { run_id: string; key: string; step: BigInteger; at: BigInteger; value: number };
  mlflow_datasets: {
    run_id: string;
    name: string;
    digest: string;
    source_type: string;
    source: string;
    schema: string | null;
    profile: string | null;
    tags: Json<KeyValue[]>;
  };
  mlflow_logged_models: {
    model_id: string;
    experiment_id: number;
    name: string;
    model_type: string | null;
    source_run_id: string | null;
    status: LoggedModelStatus;
    status_message: string | null;
    created_at: BigInteger;
    updated_at: BigInteger;
    stage: Generated<LifecycleStage>;
  };
  mlflow_logged_model_params: { model_id: string; key: string; value: string };
  mlflow_logged_model_tags: { model_id: string; key: string; value: string };
  mlflow_run_models: {
    run_id: string;
    model_id: string;
    direction: 'input' | 'output';
    step: ColumnType<string, number | undefined, number>;
  };
  mlflow_files: { path: string; digest: string; size: BigInteger; media_type: string; put_at: BigInteger };
}
