/** Sources that an image of the edge module needs below its server folder, relative to the project: files and folders. */
export const EDGE_FILES = [
  'edge',
  'src/contracts/calibration.ts',
  'src/contracts/fleet.ts',
  'src/contracts/window-summary.ts',
] as const;

/** npm packages that these sources import; an image needs them with their own dependencies. */
export const EDGE_PACKAGES = [
  'onnxruntime-node',
  'zod',
  // only loaded when a hub is configured
  'azure-iot-common',
  'azure-iot-device',
  'azure-iot-device-mqtt',
] as const;

/** Variables that the image sets; the server refuses nothing when they are absent. */
export const EDGE_ENV = { ORT_DISABLE_TELEMETRY: '1', WINDLASS_ROOT: '/windlass' } as const;
