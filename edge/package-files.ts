/**
 * The edge module as an image needs it: its main file, which is bundled with all that it imports
 * but the packages named here.
 */
export const EDGE_SERVER = {
  entry: 'edge/main.ts',
  /** npm packages with native code: they stay files of their own below node_modules. */
  packages: ['onnxruntime-node'],
  /** Variables that the image sets; the server refuses nothing when they are absent. */
  env: { ORT_DISABLE_TELEMETRY: '1', WINDLASS_ROOT: '/windlass' },
} as const;
