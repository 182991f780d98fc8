import { WindlassError } from '../../src/errors/windlass-error.ts';
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
import type { Registry } from '../../src/ports/registry/registry.ts';
import { resolveInput } from '../shared/resolve-input.ts';
import type { InputName, ResolvedInputs } from '../shared/resolve-input.ts';

export interface ControlDeps {
  readonly registry: Registry;
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
      const { name, version } = parts(reference, 'name@version or name@alias, e.g. "pump-health@champion"');
      const model = await registry.model(name, version);
      if (model === undefined) throw await noSuchModel(registry, reference);
      return withoutEvidence(model);
    },

    /** The champion or another alias, or null when nothing carries it yet. */
    async findModel(reference: string): Promise<ModelVersion | null> {
      const { name, version } = parts(reference, 'name@version or name@alias, e.g. "pump-health@champion"');
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
      const { name, version } = parts(reference, 'name@version or name@latest, e.g. "pump-health@3"');
      const found = await registry.pipeline(name, version);
      if (found !== undefined) return found;
      const versions = (await registry.pipelines(name)).map((p) => p.version);
      throw new WindlassError(
        'NOT_FOUND',
        versions.length === 0
          ? `No pipeline "${name}" has been published.`
          : `There is no pipeline version ${reference}; published are ${versions.slice(0, 10).join(', ')}.`,
        { hint: 'A pipeline is published by a build: start `buildAndTrain` with its project.' },
      );
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

function parts(reference: string, expected: string): { name: string; version: string } {
  const match = /^([a-z][a-z0-9-]*)@([a-z0-9][a-z0-9-]*)$/.exec(reference);
  if (match === null)
    throw new WindlassError('INPUT_INVALID', `"${reference}" is not a reference: expected ${expected}.`);
  return { name: match[1] ?? '', version: match[2] ?? '' };
}

async function noSuchModel(registry: Registry, reference: string): Promise<WindlassError> {
  const { name } = parts(reference, '');
  const known = await registry.models({ name, limit: 10 });
  const list = known.map((m) =>
    m.aliases.length === 0 ? m.version : `${m.version} (${m.aliases.join(', ')})`,
  );
  return new WindlassError(
    'NOT_FOUND',
    known.length === 0
      ? `No version of the model "${name}" is registered.`
      : `There is no model version ${reference}; the newest are ${list.join(', ')}.`,
    { hint: 'Train a version with `windlass train`, or see `windlass models list`.' },
  );
}

function withoutEvidence<M extends ModelRecord>(model: M): M {
  return { ...model, gates: model.gates.map(({ evidence: _, ...gate }) => gate) };
}
