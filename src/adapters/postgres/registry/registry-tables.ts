import type { ColumnType, Generated } from 'kysely';
import type { ArtefactRef } from '../../../contracts/artefact.ts';
import type { Comparison } from '../../../contracts/build/comparison.ts';
import type { EvaluationMetrics } from '../../../contracts/build/evaluation.ts';
import type { SourceRef } from '../../../contracts/build/source.ts';
import type { PackagedImage } from '../../../contracts/packaging/image.ts';
import type { GateResult } from '../../../contracts/gate.ts';
import type { ProjectSpec } from '../../../contracts/project/project.ts';
import type { IndexedFile } from '../../../ports/data-index.ts';
import type { Review } from '../../../contracts/model/review.ts';
import type { ModelState } from '../../../contracts/model/model-state.ts';
import type { ImportedRegistration } from '../../../contracts/model/model-version.ts';
import type { BigInteger, Json } from '../column-types.ts';

export interface RegistryTables {
  pipelines: {
    name: string;
    version: number;
    digest: string;
    commit: string;
    source: Json<SourceRef>;
    environment: string;
    spec: Json<ProjectSpec>;
    checks: Json<GateResult[]>;
    created_at: Date;
    created_by: string;
  };
  data_sets: {
    digest: string;
    source: string;
    files: number;
    rows: BigInteger;
    manifest: Json<ArtefactRef>;
    created_at: Date;
    columns: Json<readonly string[]>;
    first_at: ColumnType<Date | null, string | null, string | null>;
    last_at: ColumnType<Date | null, string | null, string | null>;
    devices: number | null;
  };
  data_files: {
    data_digest: string;
    path: string;
    sha256: string;
    rows: BigInteger;
    first_at: ColumnType<Date | null, string | null, string | null>;
    last_at: ColumnType<Date | null, string | null, string | null>;
  };
  data_file_index: { source: string; path: string; entry: Json<IndexedFile>; read_at: Date };
  pipeline_data: { pipeline: string; data_digest: string; source: string; used_at: Date };
  models: {
    name: string;
    version: number;
    digest: string;
    pipeline_name: string | null;
    pipeline_version: number | null;
    data_digest: string | null;
    registration: Json<ImportedRegistration>;
    workflow_id: string;
    run_id: string;
    state: ModelState;
    created_at: Date;
    created_by: string;
    /** Parts of the registration, kept by the database itself. */
    metrics: ColumnType<EvaluationMetrics | null, never, never>;
    words: ColumnType<string, never, never>;
  };
  model_comparisons: {
    id: Generated<string>;
    name: string;
    version: number;
    comparison: Json<Comparison>;
    workflow_id: string;
    run_id: string;
    at: Date;
  };
  released_artefacts: { digest: string; released_at: Date };
  model_reviews: {
    id: Generated<string>;
    name: string;
    version: number;
    actor: string;
    decision: Review['decision'];
    reason: string;
    at: Date;
  };
  model_tags: { name: string; version: number; key: string; value: string; set_at: Date; set_by: string };
  model_aliases: {
    id: Generated<string>;
    name: string;
    alias: string;
    version: number;
    since: Date;
    until: Date | null;
    set_by: string;
    reason: string;
  };
  device_calibrations: {
    name: string;
    version: number;
    device: string;
    calibration: string;
    document: Json<ArtefactRef>;
    rows: number;
    data_sha256: string;
    fitted_at: Date;
    fitted_by: string;
  };
  model_images: {
    name: string;
    version: number;
    digest: string;
    image: Json<PackagedImage>;
    recorded_at: Date;
  };
  audit_events: {
    seq: BigInteger;
    at: Date;
    actor: string;
    action: string;
    subject: string;
    reason: string;
    details: Json<Record<string, unknown>>;
    prev_hash: string;
    hash: string;
  };
}
