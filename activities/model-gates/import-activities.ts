import { stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import type { ArtefactRef } from '../../src/contracts/artefact.ts';
import type { StepOutput } from '../../src/contracts/progress.ts';
import type { ProjectSpec } from '../../src/contracts/project/project.ts';
import { judgeSingle } from '../../src/application/judge-single.ts';
import { refuseGates } from '../../src/application/refuse-gates.ts';
import { WindlassError } from '../../src/errors/windlass-error.ts';
import type { ArtefactStore } from '../../src/ports/artefact-store.ts';
import type { ModelRuntime } from '../../src/ports/model-runtime.ts';
import { withHeartbeats } from '../shared/heartbeats.ts';
import { withTempFolder } from '../../src/base/temp-folder.ts';
import { ONNX_MEDIA_TYPE } from '../training/train-outputs.ts';
import type { JudgedModel } from './model-gate-activities.ts';

export interface ImportDeps {
  readonly artefacts: ArtefactStore;
  readonly models: ModelRuntime;
  /** Folder that relative paths are below; the worker's own by default. */
  readonly cwd?: string;
}

export interface ReceivedModel {
  readonly onnx: ArtefactRef;
  readonly golden: ArtefactRef | null;
}

export type ImportActivities = ReturnType<typeof createImportActivities>;

/** Activities that take in a model which was trained elsewhere. */
export function createImportActivities({ artefacts, models, cwd = process.cwd() }: ImportDeps) {
  return {
    /** Keeps copies of the files; throws NOT_FOUND, INPUT_INVALID, or GATE_FAILED for a link. */
    receiveModel: (request: {
      readonly file: string;
      readonly golden?: string;
    }): Promise<StepOutput<ReceivedModel>> =>
      withHeartbeats(() =>
        withTempFolder(async (folder) => {
          const golden = request.golden === undefined ? undefined : resolve(cwd, request.golden);
          if (golden !== undefined && (await stat(golden).catch(() => undefined))?.isFile() !== true)
            throw new WindlassError('NOT_FOUND', `There is no file ${golden}.`, {
              hint: "Name a golden.json: rows with the training framework's own predictions.",
            });
          const copy = join(folder, 'model.onnx');
          const gate = await models.receive(resolve(cwd, request.file), copy);
          refuseGates([gate], 'the file');
          const value = {
            onnx: await artefacts.putFile(copy, ONNX_MEDIA_TYPE),
            golden: golden === undefined ? null : await artefacts.putFile(golden, 'application/json'),
          };
          return { value, gates: [gate], message: `${basename(request.file)}, ${value.onnx.size} bytes` };
        }),
      ),

    /**
     * The gates of a build; without golden rows those on parity are insufficient and stay so,
     * everything else that does not pass is GATE_FAILED.
     */
    judgeImport: (
      request: ReceivedModel & { readonly spec: ProjectSpec | null },
    ): Promise<StepOutput<JudgedModel>> =>
      withHeartbeats((report, signal) =>
        withTempFolder(async (folder) => {
          const { onnx, golden, spec } = request;
          const files = { model: join(folder, 'model.onnx'), golden: join(folder, 'golden.json') };
          await artefacts.toFile(onnx.digest, files.model);
          if (golden !== null) await artefacts.toFile(golden.digest, files.golden);
          const { gates, profile } = await judgeSingle(
            models,
            {
              model: files.model,
              golden: golden === null ? undefined : files.golden,
              spec: spec ?? undefined,
            },
            { signal, report: (message) => report({ message }) },
          );
          const counted = golden === null ? gates.filter((g) => g.status !== 'insufficient') : gates;
          refuseGates(counted, 'the model');
          const message =
            golden === null
              ? `${counted.length} gates passed; without golden rows ${gates.length - counted.length} could not be judged`
              : `${gates.length} gates passed`;
          const profiles = profile === undefined ? [] : [profile];
          return { value: { gates, profiles }, gates, message };
        }),
      ),
  };
}
