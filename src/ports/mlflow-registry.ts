import type { KeyValue, Page, Search, TrackedFile } from '../contracts/mlflow/tracking.ts';
import type { Actor } from '../contracts/audit.ts';

/** A model name as MLflow's clients see it, whichever door its versions came through. */
export interface DoorModel {
  readonly name: string;
  readonly description: string;
  /** Milliseconds since 1970, here and below. */
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly tags: readonly KeyValue[];
  readonly aliases: readonly { readonly alias: string; readonly version: string }[];
  readonly latest: DoorVersion | undefined;
}

/** A version as MLflow's clients see it. */
export interface DoorVersion {
  readonly name: string;
  readonly version: string;
  readonly state: string;
  readonly digest: string;
  /** `mlflow` when it came through the door. */
  readonly origin: string;
  readonly createdBy: string;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly description: string;
  /** Where a client said that its files were; null for a version that Windlass made. */
  readonly source: string | null;
  readonly runId: string | null;
  readonly modelId: string | null;
  readonly runLink: string | null;
  readonly aliases: readonly string[];
  readonly tags: readonly KeyValue[];
}

export interface NewDoorVersion {
  readonly name: string;
  readonly source: string;
  readonly runId: string | null;
  readonly modelId: string | null;
  readonly runLink: string | null;
  readonly description: string;
  readonly tags: readonly KeyValue[];
  /**
   * What the version consists of, relative to its root; it keeps these bytes whatever happens at
   * the source.
   */
  readonly files: readonly TrackedFile[];
}

/**
 * The registry in the shape of MLflow's protocol. Versions are Windlass's own; one that is made
 * here is `unjudged`: it has passed no gate of Windlass, so nothing rolls it out, and it can be
 * neither champion nor challenger. Every change and its audit event are one transaction. Unknown
 * models and versions are NOT_FOUND.
 */
export interface MlflowRegistry {
  /** Throws AlreadyExists. */
  createModel(
    model: { name: string; description: string; tags: readonly KeyValue[] },
    by: Actor,
  ): Promise<DoorModel>;
  doorModel(name: string): Promise<DoorModel>;
  describeModel(name: string, description: string, by: Actor): Promise<DoorModel>;
  /** Throws FORBIDDEN while Windlass has versions of it. */
  deleteModel(name: string, by: Actor): Promise<void>;
  /** null removes the tag. */
  setModelTag(target: { name: string; key: string; value: string | null }, by: Actor): Promise<void>;
  searchModels(search: Search): Promise<Page<DoorModel>>;

  createVersion(version: NewDoorVersion, by: Actor): Promise<DoorVersion>;
  doorVersion(name: string, version: string): Promise<DoorVersion>;
  versionByAlias(name: string, alias: string): Promise<DoorVersion>;
  describeVersion(
    target: { name: string; version: string; description: string },
    by: Actor,
  ): Promise<DoorVersion>;
  /**
   * Takes back a version that came through the door; throws FORBIDDEN for one that Windlass made.
   */
  withdrawVersion(target: { name: string; version: string }, by: Actor): Promise<void>;
  searchVersions(search: Search): Promise<Page<DoorVersion>>;
  /** Files of a version that came through the door, by path; none for one that Windlass made. */
  versionFiles(name: string, version: string): Promise<TrackedFile[]>;
}
