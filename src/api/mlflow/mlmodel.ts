import { stringify } from 'yaml';
import { calibrationTensors } from '../../contracts/device/calibration.ts';
import type { ProjectSpec } from '../../contracts/project/project.ts';
import type { ModelVersion } from '../../contracts/model/model-version.ts';

export const ONNX_FILE = 'model.onnx';

/** What a machine needs to load such a version with `mlflow.onnx` or `mlflow.pyfunc`. */
export const REQUIREMENTS = 'mlflow\nnumpy\nonnx\nonnxruntime\npandas\n';

/**
 * The `MLmodel` file of a version that Windlass made: an ONNX flavour and a Python function over
 * it, with the tensors that the graph takes and gives where the pipeline is known. The text of a
 * version is always the same.
 */
export function mlmodelText(
  model: Pick<ModelVersion, 'name' | 'version' | 'digest' | 'createdAt'>,
  spec: ProjectSpec | undefined,
): string {
  return stringify(
    {
      flavors: {
        onnx: {
          code: null,
          data: ONNX_FILE,
          providers: ['CPUExecutionProvider'],
        },
        python_function: { data: ONNX_FILE, loader_module: 'mlflow.onnx' },
      },
      model_uuid: model.digest.slice('sha256:'.length, 'sha256:'.length + 32),
      ...(spec !== undefined && { signature: signature(spec) }),
      utc_time_created: model.createdAt.replace('T', ' ').replace('Z', ''),
      metadata: {
        windlass: {
          model: `${model.name}@${model.version}`,
          digest: model.digest,
        },
      },
    },
    { lineWidth: 0 },
  );
}

/** Inputs and outputs as MLflow writes them: JSON inside YAML. */
function signature(spec: ProjectSpec): { inputs: string; outputs: string } {
  const { model, data } = spec;
  const columns = data.columns.length;
  const tensor = (name: string, shape: readonly number[]) => ({
    name,
    type: 'tensor',
    'tensor-spec': { dtype: 'float32', shape: [-1, ...shape] },
  });
  return {
    inputs: JSON.stringify([
      tensor(model.input, [model.window, columns]),
      ...calibrationTensors(model.calibration, columns).map(({ name, shape }) => tensor(name, shape)),
    ]),
    outputs: JSON.stringify([tensor(model.output, [])]),
  };
}
