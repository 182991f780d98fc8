/**
 * The one table of errors: what a code means to HTTP callers, to a shell, and to Temporal's
 * retries.
 */
export interface ErrorEntry {
  readonly status: number;
  readonly exit: number;
  readonly retryable: boolean;
  readonly hint: string;
}

export const ERRORS = {
  // input and configuration (exit 2..9)
  INPUT_INVALID: {
    status: 400,
    exit: 2,
    retryable: false,
    hint: 'Correct the named fields and start again.',
  },
  CONFIG_INVALID: {
    status: 500,
    exit: 3,
    retryable: false,
    hint: 'See `windlass config show` for where each value comes from.',
  },
  NOT_FOUND: {
    status: 404,
    exit: 4,
    retryable: false,
    hint: 'List what exists, e.g. `windlass models list`.',
  },
  CONFLICT: {
    status: 409,
    exit: 5,
    retryable: false,
    hint: 'Something else changed it first; look again, then retry.',
  },
  FORBIDDEN: { status: 403, exit: 6, retryable: false, hint: 'Ask somebody whose role allows it.' },
  APPROVAL_REQUIRED: {
    status: 403,
    exit: 7,
    retryable: false,
    hint: 'Ask for the approval: `windlass models approve MODEL@VERSION --reason …`.',
  },
  PROMOTION_REFUSED: {
    status: 403,
    exit: 8,
    retryable: false,
    hint: 'The details say what the version lacks; another version may be fit.',
  },
  AUDIT_BROKEN: {
    status: 500,
    exit: 9,
    retryable: false,
    hint: 'Somebody changed the audit trail: compare with a backup from before the named entry.',
  },
  // the training project (exit 10..19)
  PROJECT_NOT_FOUND: {
    status: 404,
    exit: 10,
    retryable: false,
    hint: 'Name a folder inside a git repository that holds a windlass.yaml.',
  },
  PROJECT_INVALID: {
    status: 422,
    exit: 11,
    retryable: false,
    hint: 'Correct windlass.yaml; the details name each field.',
  },
  TREE_DIRTY: {
    status: 409,
    exit: 12,
    retryable: false,
    hint: 'Commit the changes, or pass --allow-dirty to build a version that is marked dirty.',
  },
  SOURCE_UNREACHABLE: {
    status: 502,
    exit: 13,
    retryable: true,
    hint: 'Check the repository address, the ref and the credentials.',
  },
  ENVIRONMENT_FAILED: {
    status: 422,
    exit: 14,
    retryable: false,
    hint: 'Read the build log; the lock file must install on this platform.',
  },
  PYTHON_MISSING: {
    status: 503,
    exit: 15,
    retryable: false,
    hint: 'Install Python 3.11 or newer with its venv module; `windlass doctor` shows what is found.',
  },
  CHECK_FAILED: {
    status: 422,
    exit: 16,
    retryable: false,
    hint: 'Read the log of the failed check, fix the code, commit, and start again.',
  },
  TRAIN_FAILED: {
    status: 422,
    exit: 17,
    retryable: false,
    hint: 'The last lines of the training log are in the details.',
  },
  OPTIMISATION_FAILED: {
    status: 422,
    exit: 18,
    retryable: false,
    hint: "int8 and float16 need onnx and onnxruntime in the project's environment, and weights to change.",
  },
  // data and gates (exit 20..29)
  DATA_NOT_FOUND: {
    status: 404,
    exit: 20,
    retryable: false,
    hint: 'Name a file or folder with CSV or Parquet files.',
  },
  DATA_INVALID: {
    status: 422,
    exit: 21,
    retryable: false,
    hint: 'Each failed data gate names the file, the column and sample rows.',
  },
  GATE_FAILED: {
    status: 422,
    exit: 22,
    retryable: false,
    hint: 'Each failed gate says what was observed and what was allowed.',
  },
  MODEL_INVALID: {
    status: 422,
    exit: 23,
    retryable: false,
    hint: 'The model file could not be accepted; the gate says why.',
  },
  COMPARISON_FAILED: {
    status: 422,
    exit: 24,
    retryable: false,
    hint: 'The new version is not as good as the champion; see the comparison.',
  },
  NOT_REPRODUCED: {
    status: 409,
    exit: 25,
    retryable: false,
    hint: 'The differences are listed in the order of the pipeline; the first one is where it starts.',
  },
  CALIBRATION_FAILED: {
    status: 422,
    exit: 26,
    retryable: false,
    hint: 'Correct the calibrate command (model.calibration.run) or the tensors that windlass.yaml declares.',
  },
  // packaging and deployment (exit 30..39)
  PACKAGING_FAILED: { status: 500, exit: 30, retryable: true, hint: 'Read the build log.' },
  CONTAINER_TEST_FAILED: {
    status: 422,
    exit: 31,
    retryable: false,
    hint: 'The image did not pass its container test; see the failed suite.',
  },
  ROLLOUT_STOPPED: {
    status: 409,
    exit: 32,
    retryable: false,
    hint: '`windlass rollout status` shows the ring and the devices that failed.',
  },
  HUB_UNREACHABLE: {
    status: 502,
    exit: 33,
    retryable: true,
    hint: 'Check hub.connectionString and the network; the rollout goes on when the hub answers.',
  },
  HUB_REFUSED: {
    status: 502,
    exit: 34,
    retryable: false,
    hint: 'The hub refused the request; the details carry its own words.',
  },
  HUB_THROTTLED: {
    status: 429,
    exit: 35,
    retryable: true,
    hint: 'The hub asked to slow down; the call is repeated later.',
  },
  // services (exit 40..49)
  TEMPORAL_UNAVAILABLE: {
    status: 503,
    exit: 40,
    retryable: true,
    hint: 'Set TEMPORAL_ADDRESS, or let `windlass doctor` say how to get the dev server.',
  },
  DATABASE_UNAVAILABLE: {
    status: 503,
    exit: 41,
    retryable: true,
    hint: 'Set DATABASE_URL, or see `windlass doctor`.',
  },
  MIGRATION_MISMATCH: {
    status: 500,
    exit: 42,
    retryable: false,
    hint: 'A migration that was applied has been edited; restore it and add a new one.',
  },
  PORT_IN_USE: {
    status: 503,
    exit: 43,
    retryable: false,
    hint: 'Stop what listens there, or choose another port with the named setting.',
  },
  ALREADY_RUNNING: {
    status: 409,
    exit: 44,
    retryable: false,
    hint: 'Use the running system, or stop it first.',
  },
  NOT_RUNNING: { status: 503, exit: 45, retryable: false, hint: 'Start the system with `windlass up`.' },
  DOCKER_UNAVAILABLE: {
    status: 503,
    exit: 46,
    retryable: false,
    hint: 'Start a Docker Engine, or set packaging.engine to "process".',
  },
  ARTEFACT_CORRUPT: {
    status: 500,
    exit: 47,
    retryable: false,
    hint: 'The stored bytes no longer match their digest; restore them from a backup.',
  },
  TIMEOUT: {
    status: 504,
    exit: 48,
    retryable: true,
    hint: 'It took longer than allowed; look at the workflow in the Temporal UI.',
  },
  CANCELLED: { status: 409, exit: 49, retryable: false, hint: 'It was cancelled on request.' },
  INTERNAL: {
    status: 500,
    exit: 70,
    retryable: true,
    hint: 'This is a defect of Windlass; please report it with the log.',
  },
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof ERRORS;
