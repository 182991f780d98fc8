import type { Actor } from '../../contracts/audit.ts';
import type {
  ImportedRegistration,
  ModelRecord,
  ModelRegistration,
  ModelStanding,
  ModelVersion,
} from '../../contracts/model/model-version.ts';

/** Registered model versions: immutable. */
export interface ModelVersions {
  /** Registers a version, or returns the one that already has this digest, pipeline and data. */
  registerModel(registration: ModelRegistration, by: Actor): Promise<ModelVersion>;
  /** Registers a version that was trained elsewhere, with the parts that are known. */
  importModel(registration: ImportedRegistration, by: Actor): Promise<ModelRecord>;
  /**
   * A whole version; throws GATE_FAILED for one that was imported without the parts that its use
   * needs.
   */
  model(name: string, versionOrAlias: string): Promise<ModelVersion | undefined>;
  /** State and aliases of any version. */
  standing(name: string, versionOrAlias: string): Promise<ModelStanding | undefined>;
  /** A version as it was registered, to look at. */
  record(name: string, versionOrAlias: string): Promise<ModelRecord | undefined>;
  /**
   * Whole versions, newest first; `data` is the digest of a data set or of one of its files:
   * forward from data to models.
   */
  models(filter?: { name?: string; alias?: string; data?: string; limit?: number }): Promise<ModelVersion[]>;
}
