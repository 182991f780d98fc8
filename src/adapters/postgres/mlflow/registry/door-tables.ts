import type { BigInteger } from '../../column-types.ts';

/** Tables and views of the MLflow door's registry side. */
export interface DoorTables {
  mlflow_registered_models: {
    name: string;
    description: string;
    created_at: BigInteger;
    updated_at: BigInteger;
  };
  mlflow_registered_model_tags: { name: string; key: string; value: string };
  mlflow_version_notes: { name: string; version: number; description: string; updated_at: BigInteger };
  mlflow_version_files: {
    name: string;
    version: number;
    path: string;
    digest: string;
    size: BigInteger;
    media_type: string;
  };
  mlflow_versions: {
    name: string;
    version: number;
    digest: string;
    state: string;
    created_by: string;
    created_at: BigInteger;
    updated_at: BigInteger;
    description: string;
    origin: string | null;
    source: string | null;
    mlflow_run_id: string | null;
    mlflow_model_id: string | null;
    run_link: string | null;
    pipeline: string | null;
    data: string | null;
    aliases: string[];
  };
  mlflow_models: {
    name: string;
    description: string;
    created_at: BigInteger;
    updated_at: BigInteger;
    latest: number | null;
  };
}
