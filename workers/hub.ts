import type { HubConfig } from '../src/adapters/iot-hub/hub-config.ts';
import { createRoutedTelemetry } from '../src/adapters/iot-hub/routed-telemetry.ts';
import type { WindlassConfig } from '../src/config/schema.ts';
import { WindlassError } from '../src/errors/windlass-error.ts';
import type { TelemetrySource } from '../src/ports/telemetry-source.ts';

/** The configured hub; throws CONFIG_INVALID when none is. */
export function hubConfig({ hub }: WindlassConfig): HubConfig {
  const { connectionString, ...rest } = hub;
  if (connectionString === undefined)
    throw new WindlassError(
      'CONFIG_INVALID',
      'hub.connectionString is not set, so no device can be reached.',
      {
        hint: 'Set WINDLASS_HUB_CONNECTION_STRING; `windlass up` starts a stand-in hub and sets it for its workers.',
      },
    );
  return { connectionString, ...rest };
}

/**
 * What devices sent, from the folder into which the hub routes it; without one, reading says what
 * to set.
 */
export function openTelemetrySource({ hub }: WindlassConfig): TelemetrySource {
  if (hub.telemetryDir !== undefined) return createRoutedTelemetry({ folder: hub.telemetryDir });
  const missing = new WindlassError(
    'CONFIG_INVALID',
    'hub.telemetryDir is not set, so device windows cannot be read.',
    {
      hint: "Route the hub's telemetry to a storage folder and name it in hub.telemetryDir.",
    },
  );
  return { read: () => Promise.reject(missing) };
}
