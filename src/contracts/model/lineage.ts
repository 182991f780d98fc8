import type { PackagedImage } from '../packaging/image.ts';
import type { RunIdentity } from '../build/source.ts';
import type { AuditEvent } from '../audit.ts';

export interface Lineage {
  readonly model: { readonly name: string; readonly version: string; readonly digest: string };
  readonly run: RunIdentity;
  /**
   * The pipeline that made it; for an imported version the project that serves it, if one was
   * named.
   */
  readonly pipeline: { readonly name: string; readonly version: string } | null;
  /** Null for an imported version, whose origin is unknown; `missing` says what else is unknown. */
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
