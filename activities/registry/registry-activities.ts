import { findModel, modelReference, type ModelLookUp } from '../../src/application/find-model.ts';
import { findPipeline } from '../../src/application/find-pipeline.ts';
import { ALIASES } from '../../src/contracts/names.ts';
import type { DeviceCalibration } from '../../src/contracts/device/calibrate-device.ts';
import type { PackagedImage } from '../../src/contracts/packaging/image.ts';
import type { Actor } from '../../src/contracts/audit.ts';
import type {
  ImportedRegistration,
  ModelRecord,
  ModelRegistration,
  ModelVersion,
} from '../../src/contracts/model/model-version.ts';
import type { PipelineVersion } from '../../src/contracts/build/pipeline-version.ts';
import type { Aliases } from '../../src/ports/registry/aliases.ts';
import type { Calibrations } from '../../src/ports/registry/calibrations.ts';
import type { ModelImages } from '../../src/ports/registry/images.ts';
import type { ModelVersions } from '../../src/ports/registry/model-versions.ts';
import type { PipelineRegistry } from '../../src/ports/registry/pipelines.ts';
import { resolveInput } from '../shared/resolve-input.ts';
import type { InputName, ResolvedInputs } from '../shared/resolve-input.ts';

export interface ControlDeps {
  readonly registry: ModelLookUp &
    Pick<ModelVersions, 'registerModel' | 'importModel'> &
    Pick<Aliases, 'setAlias'> &
    Pick<ModelImages, 'recordImage'> &
    Pick<Calibrations, 'recordCalibration'> &
    PipelineRegistry;
}

export type ControlActivities = ReturnType<typeof createControlActivities>;

/** Activities of the `control` queue: inputs of workflows and the registry. All are idempotent. */
export function createControlActivities({ registry }: ControlDeps) {
  return {
    /** LOCAL activity, the first step of every workflow; throws INPUT_INVALID. */
    async resolveInput<N extends InputName>(name: N, raw: unknown): Promise<ResolvedInputs[N]> {
      return resolveInput(name, raw);
    },

    /** The version that a registration got, or had already. */
    async registerModel(registration: ModelRegistration, by: Actor): Promise<ModelVersion> {
      return withoutEvidence(await registry.registerModel(registration, by));
    },

    /** The version that an import got, or had already. */
    async registerImport(registration: ImportedRegistration, by: Actor): Promise<ModelRecord> {
      return withoutEvidence(await registry.importModel(registration, by));
    },

    async setAlias(target: { name: string; alias: string; version: string }, by: Actor): Promise<void> {
      await registry.setAlias(target, by);
    },

    /**
     * `name@version` or `name@alias`; gates come without their evidence. Throws NOT_FOUND that says
     * what there is.
     */
    async resolveModel(reference: string): Promise<ModelVersion> {
      return withoutEvidence(await findModel(registry, reference));
    },

    /** The champion or another alias, or null when nothing carries it yet. */
    async findModel(reference: string): Promise<ModelVersion | null> {
      const { name, version = ALIASES.champion } = modelReference(reference);
      const model = await registry.model(name, version);
      return model === undefined ? null : withoutEvidence(model);
    },

    async publishPipeline(
      pipeline: Omit<PipelineVersion, 'version' | 'createdAt'>,
      by: Actor,
    ): Promise<PipelineVersion> {
      return registry.publishPipeline(pipeline, by);
    },

    /** `name@version` or `name@latest`; throws NOT_FOUND that says what there is. */
    async findPipeline(reference: string): Promise<PipelineVersion> {
      return findPipeline(registry, reference);
    },

    /** Keeps a calibration with its model version and device. */
    async recordCalibration(
      model: { name: string; version: string },
      calibration: DeviceCalibration,
      by: Actor,
    ): Promise<void> {
      await registry.recordCalibration(model, calibration, by);
    },

    async recordImage(
      model: { name: string; version: string },
      image: PackagedImage,
      by?: Actor,
    ): Promise<void> {
      await registry.recordImage(model, image, by);
    },
  };
}

function withoutEvidence<M extends ModelRecord>(model: M): M {
  return { ...model, gates: model.gates.map(({ evidence: _, ...gate }) => gate) };
}
