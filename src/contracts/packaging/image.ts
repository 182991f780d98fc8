export const IMAGE_MODES = ['container', 'process'] as const;

export type ImageMode = (typeof IMAGE_MODES)[number];

export interface PlatformImage {
  readonly platform: string;
  /** Digest of the image manifest. */
  readonly digest: string;
  /** Digests of the layers, the model's last. */
  readonly layers: readonly string[];
  readonly size: number;
}

export interface PackagedImage {
  /** Digest of the image index (all platforms); devices are given `repository@digest`. */
  readonly digest: string;
  readonly repository: string;
  readonly reference: string;
  readonly platforms: readonly PlatformImage[];
  /**
   * How the container-instance test ran: on a Docker Engine, or the unpacked image as a process.
   */
  readonly mode: ImageMode;
}
