import { z } from 'zod';
import { calibrationSpecSchema } from '../device/calibration.ts';
import { ADJUSTABLE_DATA_GATES } from '../data/data-gates.ts';
import { optimiseSchema } from '../build/optimisation.ts';
import { paramsSchema, searchSchema } from '../build/search.ts';

const name = z
  .string()
  .regex(/^[a-z][a-z0-9-]{1,62}$/, 'expected lower-case letters, digits and dashes, e.g. "pump-health"');
const relativePath = z
  .string()
  .min(1)
  .refine(
    (p) => !p.startsWith('/') && !p.split(/[\\/]/).includes('..') && !/^[./\\]*$/.test(p),
    'expected a path inside the project folder',
  );

/** Where checks and training run: exactly one of lock file, conda file and container image. */
const environmentSchema = z
  .strictObject({
    /** A pip lock file with hashes (`pip install --require-hashes -r`). */
    lock: relativePath.optional(),
    /** A conda file with one version per package, built by micromamba. */
    conda: relativePath.optional(),
    /** `name@sha256:…`, pulled where it is absent, or `sha256:…`, an image of the training worker's engine. It needs /bin/sh. */
    image: z
      .string()
      .regex(/^([\w.-]+[\w./:-]*@)?sha256:[0-9a-f]{64}$/, 'expected an image by digest, "name@sha256:…"')
      .optional(),
    /** What a container of the image may use: cores, GPUs, and whether it has a network. Memory: `train.memoryMb`. */
    cpus: z.number().positive().optional(),
    gpus: z.union([z.number().int().positive(), z.literal('all')]).optional(),
    network: z.boolean().optional(),
  })
  .refine((e) => [e.lock, e.conda, e.image].filter((given) => given !== undefined).length === 1, {
    error:
      'expected exactly one of lock (requirements.lock), conda (environment.yaml) and image (name@sha256:…)',
  })
  .superRefine(({ image, cpus, gpus, network }, ctx) => {
    if (image !== undefined) return;
    for (const [name, value] of Object.entries({ cpus, gpus, network }))
      if (value !== undefined)
        ctx.addIssue({ code: 'custom', path: [name], message: 'bounds a container: it needs an image' });
  });

/** One sensor channel: its name in the data files, its unit, and the range a working sensor can give. */
export const columnSchema = z.object({
  name: z.string().min(1),
  unit: z.string().min(1),
  min: z.number(),
  max: z.number(),
});

function hasOneGroup(pattern: string): boolean {
  try {
    return new RegExp(`${pattern}|`).exec('')?.length === 2;
  } catch {
    return false;
  }
}

const share = z.number().min(0).max(1);
const day = z.iso.date('expected a day, e.g. "2019-06-30"');

/** Thresholds of the data gates; what is left out has the value of `DATA_GATE_DEFAULTS` (data-gates.ts). */
const dataGatesSchema = z.strictObject({
  rangeWarnShare: share.optional(),
  rangeFailShare: share.optional(),
  gapFactor: z.number().positive().optional(),
  stuckRows: z.number().int().nonnegative().optional(),
  contaminationShare: share.optional(),
  baselineOutlierShare: share.optional(),
  sharedRowsShare: share.optional(),
  earliest: day.optional(),
  latest: day.optional(),
  /** What a gate says that found something: `warn` lets the build go on, `fail` ends it. */
  levels: z.partialRecord(z.enum(ADJUSTABLE_DATA_GATES), z.enum(['warn', 'fail'])).optional(),
});

/**
 * A way to slice the evaluated windows: by a column of the data files, or by the file's path, where `{}` stands for the slice's
 * value and `*` for anything within a folder's name, e.g. `{}/` or `plant-*_{}_`; the rest must match from the start.
 */
const sliceSchema = z
  .strictObject({
    name,
    column: z.string().min(1).optional(),
    path: z
      .string()
      .regex(/^[^{}]*\{\}[^{}]*$/, 'expected one {} where the value stands, e.g. "{}/"')
      .optional(),
    /** Values that must be there; one that is missing fails the evaluation. */
    expected: z.array(z.string().min(1)).default([]),
    /** Fewest windows of each class, and fewest groups, that a slice is judged by. */
    minWindows: z.number().int().positive().default(30),
    minGroups: z.number().int().min(2).default(4),
    /** Demands on every slice that has enough windows. */
    gates: z
      .strictObject({
        minF1: z.number().min(0).max(1).optional(),
        maxFalseAlarmRate: z.number().min(0).max(1).optional(),
        maxMissedAlarmRate: z.number().min(0).max(1).optional(),
      })
      .default({}),
  })
  .refine((s) => (s.column === undefined) !== (s.path === undefined), {
    message: 'expected either column or path',
    path: ['column'],
  });
export type SliceSpec = z.infer<typeof sliceSchema>;

/**
 * `windlass.yaml`: everything Windlass needs to know of a training project. The window and calibration parts are the
 * shared truth of training, evaluation, the device and the monitor.
 */
export const projectSchema = z.strictObject({
  name,
  description: z.string().default(''),
  environment: environmentSchema,
  checks: z
    .array(
      z
        .strictObject({
          name,
          run: z.string().min(1),
          required: z.boolean().default(true),
          /** JUnit XML that the command writes, relative to the project; read into counts. */
          junit: relativePath.optional(),
          /** Cobertura XML or coverage.json that the command writes; read into percent of lines. */
          coverage: relativePath.optional(),
          /** Percent of lines, 0..100, that must be covered. */
          minCoverage: z.number().min(0).max(100).optional(),
          /** SARIF that the command writes; read into counts by level. */
          sarif: relativePath.optional(),
          /** Most errors of the SARIF report; 0 when not set. */
          maxErrors: z.number().int().nonnegative().optional(),
          /** Most warnings of the SARIF report; any when not set. */
          maxWarnings: z.number().int().nonnegative().optional(),
          /** Runs at the same time as its neighbours that say so, too, in the same folder. */
          parallel: z.boolean().optional(),
          timeoutSeconds: z.number().int().positive().default(600),
        })
        .refine((c) => c.minCoverage === undefined || c.coverage !== undefined, {
          path: ['minCoverage'],
          error: 'needs `coverage`: the report that it is read from',
        })
        .refine((c) => (c.maxErrors ?? c.maxWarnings) === undefined || c.sarif !== undefined, {
          path: ['sarif'],
          error: 'maxErrors and maxWarnings need the report that they are read from',
        }),
    )
    .min(1, 'at least one check: a pipeline is published only after its checks pass')
    .refine(
      (checks) => new Set(checks.map((c) => c.name)).size === checks.length,
      'two checks have one name',
    ),
  data: z.strictObject({
    timestamp: z.string().min(1),
    label: z.string().min(1),
    columns: z.array(columnSchema).min(1),
    /** Share of rows allowed to have a missing value, 0..1. */
    maxNullShare: z.number().min(0).max(1).default(0.05),
    /** Finds the device in a file's path: a regular expression with one group. Files of one device are held out together. */
    device: z
      .string()
      .refine(hasOneGroup, 'expected a regular expression with one group, e.g. "^site-./(pump-[0-9]+)"')
      .optional(),
    gates: dataGatesSchema.optional(),
  }),
  model: z.strictObject({
    /** Rows per scored window; the window ends at the scored row. */
    window: z.number().int().positive(),
    /** Input that takes the window, shape [N, window, columns]. */
    input: z.string().min(1),
    calibration: calibrationSpecSchema,
    /** Output with one probability per window, shape [N]. */
    output: z.string().min(1),
    /** Probability at or above which a window is an alarm. */
    threshold: z.number().min(0).max(1).default(0.5),
  }),
  train: z.strictObject({
    run: z.string().min(1),
    params: paramsSchema.default({}),
    seed: z.number().int().nonnegative().default(7),
    timeoutSeconds: z.number().int().positive().default(3600),
    /** Memory in MiB that the command and all that it starts may use together. */
    memoryMb: z.number().int().min(16).optional(),
    search: searchSchema.optional(),
  }),
  /** Cheaper forms of the model to try; without it the model is taken as it was trained. */
  optimise: optimiseSchema.optional(),
  evaluation: z
    .strictObject({
      /** Groups (files) are split into this many folds by the file's number modulo folds, or by a seeded hash of its name. */
      folds: z.number().int().min(2).max(20).default(4),
      /** Only files whose path (relative to the data folder) matches one of these prefixes are scored; all may train. */
      include: z.array(z.string()).default([]),
      gates: z
        .strictObject({
          minF1: z.number().min(0).max(1).optional(),
          maxFalseAlarmRate: z.number().min(0).max(1).optional(),
          maxMissedAlarmRate: z.number().min(0).max(1).optional(),
        })
        .default({}),
      /** Largest loss of F1 against the champion that still counts as not inferior. */
      nonInferiorityMargin: z.number().min(0).max(1).default(0.03),
      /** Kinds of windows that are judged apart, e.g. by site. */
      slices: z.array(sliceSchema).max(10).default([]),
      /** What a wrong decision costs, in any unit; one decision per window length. Undeclared, each wrong decision counts 1. */
      costs: z
        .strictObject({ falseAlarm: z.number().nonnegative(), missedAlarm: z.number().nonnegative() })
        .optional(),
      /** What a challenger may lose beside F1 before it is refused: shares of windows, share of the champion's cost, F1 of a slice. */
      guardrails: z
        .strictObject({
          falseAlarmRate: z.number().min(0).max(1).default(0.05),
          missedAlarmRate: z.number().min(0).max(1).default(0.05),
          cost: z.number().nonnegative().default(0.1),
          sliceF1: z.number().min(0).max(1).default(0.1),
        })
        .prefault({}),
    })
    .prefault({}),
  gates: z
    .strictObject({
      maxLatencyP99Ms: z.number().positive().default(20),
      maxSizeMb: z.number().positive().default(20),
      /** Beside what every target's runtime opens. */
      maxOpset: z.number().int().positive().default(21),
      /** Allows If, Loop, Scan and SequenceMap, which run graphs inside the graph. */
      controlFlow: z.boolean().default(false),
      parityTolerance: z.number().positive().default(1e-4),
      /** Milliseconds from the file to the first score, and MB of the whole process, when the model is judged. */
      maxStartMs: z.number().positive().default(10_000),
      maxMemoryMb: z.number().positive().default(1_024),
    })
    .prefault({}),
  serve: z.strictObject({
    /** Entry script (ES module) that exports `init(context)` and `run(data, context)`. */
    entry: relativePath,
    assets: z.array(relativePath).default([]),
    platforms: z.array(z.enum(['linux/amd64', 'linux/arm64', 'linux/arm/v7'])).default([]),
  }),
  monitoring: z
    .strictObject({
      /** Scored windows per summary that a device sends. */
      windowsPerSummary: z.number().int().positive().default(30),
      /** Data windows: drift must show in `k` of the last `m` reports. */
      k: z.number().int().positive().default(2),
      m: z.number().int().positive().default(3),
      psiFloor: z.number().positive().default(0.2),
      minReadings: z.number().int().positive().default(500),
      cooldownSeconds: z.number().int().nonnegative().default(3600),
      /** Rise of the share of alarms over the false alarm rate of the training data that counts as loss, 0..1. */
      maxEstimatedLoss: z.number().min(0).max(1).default(0.05),
      /** `drift-and-loss`: persistent drift needs estimated or realised loss beside it; `drift`: persistent drift suffices. */
      retrainOn: z.enum(['drift-and-loss', 'drift', 'never']).default('drift-and-loss'),
    })
    .prefault({}),
  registry: z
    .strictObject({
      /** Approvals that a version needs before it may be champion or be rolled out; its author's own never counts. */
      approvals: z.number().int().min(0).max(10).default(0),
      /** Who may approve; empty: everybody but the author. */
      approvers: z.array(z.string().min(1)).default([]),
    })
    .refine(
      ({ approvals, approvers }) => approvers.length === 0 || approvers.length >= approvals,
      'fewer approvers are named than approvals are wanted',
    )
    .prefault({}),
  deployment: z
    .strictObject({
      /** What happens to a version that passed: deploy it, wait for an approval, or nothing. */
      policy: z.enum(['auto', 'approval', 'never']).default('never'),
    })
    .prefault({}),
});

export type ProjectSpec = z.infer<typeof projectSchema>;
export type ColumnSpec = z.infer<typeof columnSchema>;

// `$WINDLASS_OUT` besides: model.onnx (trained on all groups), folds/<k>.onnx (trained without the groups of fold k),
// metrics.json (a flat object of numbers).
