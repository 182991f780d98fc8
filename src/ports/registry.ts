import type { ArtefactRef } from '../contracts/artefact.ts';
import type { Comparison, DataRef, EvaluationMetrics, SourceRef } from '../contracts/build.ts';
import type { DeviceCalibration } from '../contracts/calibrate-device.ts';
import type { PackagedImage } from '../contracts/deploy.ts';
import type { GateResult } from '../contracts/gate.ts';
import type { ModelSearch } from '../contracts/model-search.ts';
import type { ModelSummary } from '../contracts/model-summary.ts';
import type { ProjectSpec } from '../contracts/project.ts';
import type { Review } from '../domain/registry/approvals.ts';
import type { ModelState } from '../contracts/model-state.ts';
import type { OptimisationRecord } from '../contracts/optimisation.ts';
import type { SearchRecord } from '../contracts/search.ts';

/** Who did something and why; every change carries one and leaves an audit event in the same transaction. */
export interface Actor {
  readonly actor: string;
  readonly reason: string;
}

export interface RunIdentity {
  readonly workflowId: string;
  readonly runId: string;
}

export interface PipelineVersion {
  readonly name: string;
  readonly version: string;
  /** sha256 over source bundle, environment lock and spec: the same content is the same version. */
  readonly digest: string;
  readonly source: SourceRef;
  readonly environment: string;
  readonly spec: ProjectSpec;
  readonly checks: readonly GateResult[];
  readonly createdAt: string;
}

export interface ModelRegistration {
  readonly name: string;
  /** sha256 of model.onnx; with pipeline and data digest it identifies the version. */
  readonly digest: string;
  readonly onnx: ArtefactRef;
  readonly golden: ArtefactRef;
  readonly baseline: ArtefactRef;
  /** Fold models by fold number, for fair comparison later. */
  readonly folds: Readonly<Record<string, ArtefactRef>>;
  readonly card: ArtefactRef | null;
  readonly log: ArtefactRef | null;
  readonly pipeline: { readonly name: string; readonly version: string };
  readonly data: DataRef;
  readonly params: Record<string, unknown>;
  readonly seed: number;
  /** The search that the parameters came from, or the folds that were spared. */
  readonly search?: SearchRecord;
  /** Which form of the trained model this is; absent where no other was tried. */
  readonly optimisation?: OptimisationRecord;
  readonly metrics: EvaluationMetrics;
  readonly gates: readonly GateResult[];
  readonly comparison: Comparison;
  readonly run: RunIdentity;
  /** Trained elsewhere; absent when a pipeline made it. */
  readonly origin?: 'imported';
  /** The file that was imported, and what its lineage lacks. */
  readonly importedFile?: string;
  readonly missing?: readonly string[];
}

type MayLack = 'golden' | 'baseline' | 'pipeline' | 'data' | 'metrics';

/** A version that was trained elsewhere, as far as it is known. */
export type ImportedRegistration = Omit<ModelRegistration, MayLack> & {
  readonly [K in MayLack]: ModelRegistration[K] | null;
};

export interface ModelVersion extends ModelRegistration {
  readonly version: string;
  readonly state: ModelState;
  readonly aliases: readonly string[];
  readonly createdAt: string;
  readonly createdBy: string;
}

/** What may be said of any version, also of one that was imported in part or came through the MLflow door. */
export type ModelStanding = Pick<ModelVersion, 'name' | 'version' | 'state' | 'aliases'>;

/** A version as it was registered, which may lack parts when it was imported. */
export type ModelRecord = Omit<ModelVersion, MayLack> & Pick<ImportedRegistration, MayLack>;

export interface AuditEvent {
  readonly seq: number;
  readonly at: string;
  readonly actor: string;
  readonly action: string;
  readonly subject: string;
  readonly reason: string;
  readonly details: Record<string, unknown>;
}

export interface AuditFilter {
  /** Exact, or a prefix when it ends with `*`. */
  readonly subject?: string | undefined;
  readonly actor?: string | undefined;
  readonly action?: string | undefined;
  readonly since?: Date | undefined;
  readonly until?: Date | undefined;
  readonly limit?: number | undefined;
}

/** Whether the audit trail is whole; `head` is the hash of its last good event, to be kept elsewhere and asked about later. */
export interface AuditVerdict {
  readonly ok: boolean;
  readonly entries: number;
  readonly head: string;
  /** Number of the first event that is altered or missing, and what is wrong with it. */
  readonly brokenAt?: number;
  readonly reason?: string;
}

export interface Lineage {
  readonly model: { readonly name: string; readonly version: string; readonly digest: string };
  readonly run: RunIdentity;
  /** What made it; of an imported version: the project that serves it, if one was named. */
  readonly pipeline: { readonly name: string; readonly version: string } | null;
  /** Of an imported version nobody knows what made it: null, and `missing` says what else is not known. */
  readonly origin?: 'imported';
  readonly importedFile?: string;
  readonly missing?: readonly string[];
  readonly commit: string | null;
  readonly repository: string | null;
  readonly environment: string | null;
  readonly data: ReadonlyArray<{ readonly path: string; readonly sha256: string }>;
  readonly dataDigest: string | null;
  readonly image: PackagedImage | null;
  readonly deployments: ReadonlyArray<{
    readonly rolloutId: string;
    readonly outcome: string;
    readonly startedAt: string;
    readonly finishedAt: string | null;
  }>;
  readonly devices: readonly string[];
  readonly audit: readonly AuditEvent[];
}

/** A device's calibration as the registry keeps it. */
export interface StoredCalibration extends DeviceCalibration {
  readonly model: { readonly name: string; readonly version: string };
  readonly fittedBy: string;
}

/** What a device was given, since when, and why. */
export interface DeviceAssignment {
  readonly deviceId: string;
  readonly model: string;
  readonly version: string;
  readonly rolloutId: string | null;
  readonly ring: string | null;
  readonly since: string;
  readonly until: string | null;
  readonly reason: string;
}

/** A stretch of time during which an alias pointed at a version; `until` is null while it does. */
export interface AliasStretch {
  readonly alias: string;
  readonly version: string;
  readonly by: string;
  readonly reason: string;
  readonly since: string;
  readonly until: string | null;
  /** Who had approved the version by then. */
  readonly approvals: readonly Review[];
}

/** A file of a data set; `from` and `to` are its first and last time (ISO 8601). */
export interface DataSetFile {
  readonly path: string;
  readonly sha256: string;
  readonly rows: number;
  readonly from?: string | null;
  readonly to?: string | null;
}

/** A data set as `windlass data list` shows it. */
export interface DataSet {
  readonly digest: string;
  readonly source: string;
  readonly files: number;
  readonly rows: number;
  readonly columns: readonly string[];
  readonly from: string | null;
  readonly to: string | null;
  readonly devices: number | null;
  readonly createdAt: string;
}

/** Immutable pipeline and model versions, aliases with history, lineage, audit. */
export interface Registry {
  /** Publishes a pipeline version, or returns the one that already has this digest. */
  publishPipeline(
    pipeline: Omit<PipelineVersion, 'version' | 'createdAt'>,
    by: Actor,
  ): Promise<PipelineVersion>;
  pipeline(name: string, version: string | 'latest'): Promise<PipelineVersion | undefined>;
  pipelines(name?: string): Promise<PipelineVersion[]>;

  recordData(
    data: DataRef,
    files: readonly DataSetFile[],
    /** Pipeline that used it: a later run of it without a data source takes the same source. */
    usedBy?: string,
  ): Promise<void>;
  /** The data that the last run of a pipeline used. */
  lastData(pipeline: string): Promise<DataRef | undefined>;
  /** Data sets, newest first. */
  dataSets(filter?: { limit?: number }): Promise<DataSet[]>;
  /** One by its digest, or by a beginning of it that only one has; throws CONFLICT when several have. */
  dataSet(digest: string): Promise<(DataSet & { readonly fileList: readonly DataSetFile[] }) | undefined>;

  /** Registers a version, or returns the one that already has this digest, pipeline and data. */
  registerModel(registration: ModelRegistration, by: Actor): Promise<ModelVersion>;
  /** Registers a version that was trained elsewhere, with the parts that are known. */
  importModel(registration: ImportedRegistration, by: Actor): Promise<ModelRecord>;
  /** A whole version; throws GATE_FAILED for one that was imported without the parts that its use needs. */
  model(name: string, versionOrAlias: string): Promise<ModelVersion | undefined>;
  /** State and aliases of any version. */
  standing(name: string, versionOrAlias: string): Promise<ModelStanding | undefined>;
  /** A version as it was registered, to look at. */
  record(name: string, versionOrAlias: string): Promise<ModelRecord | undefined>;
  /** Whole versions, newest first; `data` is the digest of a data set or of one of its files: forward from data to models. */
  models(filter?: { name?: string; alias?: string; data?: string; limit?: number }): Promise<ModelVersion[]>;
  /** The lines of a list, newest first: all conditions hold. Cheap for tens of thousands of versions. */
  search(search: Partial<ModelSearch> & Pick<ModelSearch, 'limit'>): Promise<ModelSummary[]>;
  /** Sets tags; null removes one. Tags decide nothing: they are for finding. */
  setTags(
    target: { name: string; version: string; tags: Readonly<Record<string, string | null>> },
    by: Actor,
  ): Promise<void>;
  tags(name: string, version: string): Promise<Record<string, string>>;
  /**
   * Points an alias at a version; keeps the history. Throws APPROVAL_REQUIRED or PROMOTION_REFUSED that names what the version
   * lacks (src/domain/registry/promotion.ts).
   */
  setAlias(target: { name: string; alias: string; version: string }, by: Actor): Promise<void>;
  /** Ends an alias; nothing happens when nothing carries it. */
  removeAlias(target: { name: string; alias: string }, by: Actor): Promise<void>;
  /** What an alias asks of a version, each as a gate; throws NOT_FOUND. */
  promotionGates(name: string, version: string, alias: string): Promise<GateResult[]>;
  /** Version that an alias pointed at, at a point in time, and who had approved it by then. */
  aliasAt(name: string, alias: string, at: Date): Promise<AliasStretch | undefined>;
  /** Newest first. */
  aliasHistory(name: string, alias?: string): Promise<AliasStretch[]>;

  /**
   * A person's word about a version; the newest of each counts. Throws FORBIDDEN when that person may not approve, and
   * PROMOTION_REFUSED when the version could not be promoted however many approve.
   */
  reviewModel(
    target: { name: string; version: string; decision: Review['decision'] },
    by: Actor,
  ): Promise<ModelStanding>;
  /** Every word about a version, oldest first. */
  reviews(name: string, version: string): Promise<Review[]>;
  /** Takes a version out of use, or back into it; throws CONFLICT while an alias or a live rollout uses it. */
  changeState(
    target: { name: string; version: string; to: 'retired' | 'archived' | 'registered' },
    by: Actor,
  ): Promise<ModelStanding>;

  recordImage(model: { name: string; version: string }, image: PackagedImage, by?: Actor): Promise<void>;
  image(name: string, version: string): Promise<PackagedImage | undefined>;

  /** Keeps a calibration that was fitted for a device; the same one again only says when and by whom. Throws NOT_FOUND. */
  recordCalibration(
    model: { name: string; version: string },
    calibration: DeviceCalibration,
    by: Actor,
  ): Promise<void>;
  /** Newest first. */
  calibrations(filter: {
    device?: string;
    model?: { name: string; version: string };
  }): Promise<StoredCalibration[]>;

  lineage(name: string, version: string): Promise<Lineage>;
  /** What ran on a device, newest first. */
  deviceHistory(deviceId: string): Promise<DeviceAssignment[]>;
  /** Newest first. */
  audit(filter?: AuditFilter): Promise<AuditEvent[]>;
  /** Recomputes the chain; with a head that was kept elsewhere, also finds an end that was cut off. */
  verifyAudit(head?: string): Promise<AuditVerdict>;
  recordAudit(event: Omit<AuditEvent, 'seq' | 'at'>): Promise<void>;
}
