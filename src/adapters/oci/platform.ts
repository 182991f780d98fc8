import { WindlassError } from '../../errors/windlass-error.ts';
import type { Descriptor } from './media-types.ts';

const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64', arm: 'arm/v7' };

/**
 * The image platform that this machine's processor runs, e.g. `linux/amd64` (images are always
 * Linux).
 */
export function machinePlatform(): string {
  return `linux/${ARCHITECTURES[process.arch] ?? process.arch}`;
}

/** `linux/arm/v7` → os, architecture, variant, as descriptors and configurations carry them. */
export function splitPlatform(platform: string): NonNullable<Descriptor['platform']> {
  const [os = '', architecture = '', variant] = platform.split('/');
  if (os === '' || architecture === '')
    throw new WindlassError('INPUT_INVALID', `"${platform}" is no platform: expected e.g. linux/amd64.`);
  return variant === undefined ? { architecture, os } : { architecture, os, variant };
}

/**
 * Node's name of a platform's processor (`amd64` → `x64`): the name of the folder with native
 * binaries.
 */
export function nodeArch(platform: string): string {
  const { architecture } = splitPlatform(platform);
  return architecture === 'amd64' ? 'x64' : architecture;
}
