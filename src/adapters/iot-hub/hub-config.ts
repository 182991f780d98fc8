import type { HubTier } from '../../contracts/device/hub-tier.ts';
import { WindlassError } from '../../errors/windlass-error.ts';

/**
 * How to reach a hub. A real hub needs only its connection string; ports and CA are for a hub that
 * is not Azure's own.
 */
export interface HubConfig {
  /** Service connection string: `HostName=…;SharedAccessKeyName=…;SharedAccessKey=…`. */
  readonly connectionString: string;
  /** HTTPS port, default 443. */
  readonly port?: number;
  /** MQTT port that devices are told (`GatewayHostName`), default 8883. */
  readonly mqttPort?: number;
  /** PEM file of the authority that signed the hub's certificate. */
  readonly caFile?: string;
  /** Folder into which the hub routes telemetry. */
  readonly telemetryDir?: string;
  /** Deadline of one call, default 15,000 ms. */
  readonly requestTimeoutMs?: number;
  /**
   * Whose limits to stay under; default S1 for a hub on the standard port, none for one on a port
   * of its own.
   */
  readonly tier?: HubTier;
  /** Units of the tier, default 1: limits grow with them. */
  readonly units?: number;
}

export interface ServiceConnection {
  readonly hostname: string;
  readonly policy: string;
  readonly key: string;
}

/**
 * Takes a service connection string apart; throws CONFIG_INVALID that names the missing part, never
 * the key.
 */
export function parseServiceConnection(connectionString: string): ServiceConnection {
  const parts = new Map<string, string>();
  for (const part of connectionString.split(';')) {
    const at = part.indexOf('=');
    if (at > 0) parts.set(part.slice(0, at), part.slice(at + 1));
  }
  const read = (name: string): string => {
    const value = parts.get(name);
    if (value) return value;
    throw new WindlassError('CONFIG_INVALID', `hub.connectionString has no ${name}.`, {
      details: { expected: 'HostName=…;SharedAccessKeyName=…;SharedAccessKey=…' },
    });
  };
  return { hostname: read('HostName'), policy: read('SharedAccessKeyName'), key: read('SharedAccessKey') };
}
