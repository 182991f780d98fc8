import type { DataRef } from '../contracts/data/data-set.ts';
import type { DeviceCalibration } from '../contracts/device/calibrate-device.ts';
import type { PackagedImage } from '../contracts/packaging/image.ts';
import type { GateResult } from '../contracts/gate.ts';
import type { ModelSearch } from '../contracts/model/model-search.ts';
import type { ModelSummary } from '../contracts/model/model-summary.ts';
import type { Review } from '../contracts/model/review.ts';
import type { Actor, AuditEvent, AuditFilter, AuditVerdict } from '../contracts/audit.ts';
import type { PipelineVersion } from '../contracts/build/pipeline-version.ts';
import type {
  ModelRegistration,
  ImportedRegistration,
  ModelVersion,
  ModelStanding,
  ModelRecord,
} from '../contracts/model/model-version.ts';
import type { Lineage, DeviceAssignment } from '../contracts/model/lineage.ts';
import type { StoredCalibration } from '../contracts/device/calibrate-device.ts';
import type { AliasStretch } from '../contracts/model/review.ts';
import type { DataSetFile, DataSet } from '../contracts/data/data-set.ts';

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
