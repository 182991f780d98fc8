import { z } from 'zod';
import { newNameSchema } from '../identifier-schemas.ts';
import type { GateResult } from '../gate.ts';
import type { ModelState } from '../model/model-state.ts';
import type { StepReport } from '../progress.ts';

/**
 * Input of `importModel`: a model file that was trained elsewhere, and what is known of it. Paths
 * are those of the training worker.
 */
export const importInputSchema = z
  .strictObject({
    file: z.string().min(1).describe('the .onnx file'),
    golden: z
      .string()
      .min(1)
      .optional()
      .describe("golden.json: rows with the training framework's own predictions"),
    name: newNameSchema.optional().describe("name of the model; default: the project's"),
    project: z
      .string()
      .min(1)
      .optional()
      .describe(
        'folder with windlass.yaml in a git repository, or a git URL: what the model is asked to be and how it is served',
      ),
    ref: z.string().min(1).default('HEAD').describe('branch, tag or commit of the project'),
    allowDirty: z.boolean().default(false),
    data: z
      .string()
      .min(1)
      .optional()
      .describe('labelled data that the model has not seen: it is measured on them; needs project'),
    actor: z.string().min(1).default('engineer'),
    reason: z.string().default(''),
  })
  .refine(({ name, project }) => name !== undefined || project !== undefined, {
    path: ['name'],
    message: 'expected a name, because no project is given',
  })
  .refine(({ data, project }) => data === undefined || project !== undefined, {
    path: ['project'],
    message: 'expected a project, because data are given: its windlass.yaml says what their columns are',
  });
export type ImportInput = z.input<typeof importInputSchema>;
export type ResolvedImportInput = z.output<typeof importInputSchema>;
export const IMPORT_EXAMPLE = {
  file: 'downloads/model.onnx',
  golden: 'downloads/golden.json',
  project: 'examples/pump-health',
  data: 'data/unseen',
};

export interface ImportResult {
  readonly workflowId: string;
  readonly runId: string;
  readonly model: {
    readonly name: string;
    readonly version: string;
    readonly digest: string;
    readonly state: ModelState;
  };
  readonly origin: 'imported';
  /** What its lineage lacks. */
  readonly missing: readonly string[];
  readonly gates: readonly GateResult[];
  readonly steps: readonly StepReport[];
  readonly seconds: number;
}
