import type { DeviceTags } from './device-tags.ts';
import type { Attestation } from './attestation.ts';

/** Status of one module in `$edgeAgent`'s reported properties, with Azure's names. */
export interface EdgeModuleReport {
  readonly status?:
    | 'running'
    | 'stopped'
    | 'backoff'
    | 'failed'
    | 'unhealthy'
    | 'unknown'
    | 'stopped_unknown'
    | 'downloading';
  readonly runtimeStatus?: string;
  readonly restartCount?: number;
  readonly exitCode?: number;
  readonly statusDescription?: string;
  readonly lastStartTimeUtc?: string;
  readonly settings?: { readonly image?: string; readonly imageHash?: string };
}

export interface FleetDevice {
  readonly deviceId: string;
  readonly tags: DeviceTags;
  readonly connected: boolean;
  /** ISO 8601, or null when the device never connected. */
  readonly lastActivity: string | null;
}

/**
 * One device's evidence, read from the module twins of `$edgeAgent` and the scorer; never from a
 * lagging query.
 */
export interface DeviceEvidence {
  readonly deviceId: string;
  readonly connected: boolean;
  readonly lastActivity: string | null;
  /** `$edgeAgent`'s report on the scorer module, or null before the first. */
  readonly agent: EdgeModuleReport | null;
  /** What the module attests about itself, or null before the first. */
  readonly attestation: Attestation | null;
  /**
   * `$edgeAgent`'s lastDesiredStatus: how applying the newest deployment went (200 = applied), e.g.
   * a failed pull.
   */
  readonly lastDesired?: { readonly code: number; readonly description: string } | null;
}

/**
 * The layered deployment of a model version: the devices that its target condition meets run its
 * image; one per model version.
 */
export interface ModelConfiguration {
  readonly id: string;
  readonly image: string;
  readonly model: { readonly name: string; readonly version: string; readonly digest: string };
  readonly priority: number;
}
