import { calibrationTensors, type CalibrationTensor } from '../../contracts/device/calibration.ts';
import type { ProjectSpec } from '../../contracts/project/project.ts';
import type { ModelExpectation } from '../../contracts/model/model-expectation.ts';

/** What a model of the project must take and give. */
export function modelExpectation({ model, data }: Pick<ProjectSpec, 'model' | 'data'>): ModelExpectation {
  const { window, input, output, threshold } = model;
  const calibration = calibrationTensors(model.calibration, data.columns.length);
  return { window, columns: data.columns, input, calibration, output, threshold };
}

/** Every input of a model, with the shape of one row. */
export function expectedInputs({
  window,
  columns,
  input,
  calibration,
}: ModelExpectation): CalibrationTensor[] {
  return [
    { name: input, shape: window === null ? [columns.length] : [window, columns.length] },
    ...calibration,
  ];
}
