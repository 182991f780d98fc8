import {
  calibrationDocumentSchema,
  calibrationTensors,
  tensorSize,
  type CalibrationDocument,
} from '../src/contracts/device/calibration.ts';
import type { EdgeModel } from './model.ts';

/** The document when it is a calibration of this very model, or why it cannot be used. */
export function readCalibration(
  value: unknown,
  model: Pick<EdgeModel, 'manifest' | 'digest'>,
): { readonly document: CalibrationDocument } | { readonly problem: string } {
  const parsed = calibrationDocumentSchema.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return { problem: `${issue?.path.join('.') || 'calibration'}: ${issue?.message ?? 'not valid'}` };
  }
  const document = parsed.data;
  const { columns, calibration } = model.manifest;
  const problems: string[] = [];
  if (document.model !== model.digest)
    problems.push(`it was fitted for model ${document.model}, this is ${model.digest}`);
  for (const field of ['mean', 'std'] as const)
    if (document[field].length !== columns.length)
      problems.push(`${field} has ${document[field].length} values, expected ${columns.length}`);
  const declared = calibrationTensors(calibration, columns.length);
  for (const tensor of declared) {
    const found = document.tensors.find((t) => t.name === tensor.name);
    if (found === undefined) problems.push(`tensor ${tensor.name} is missing`);
    else if (found.values.length !== tensorSize(tensor))
      problems.push(
        `tensor ${tensor.name} has ${found.values.length} values, expected [${tensor.shape.join(', ')}]`,
      );
  }
  for (const { name } of document.tensors)
    if (!declared.some((tensor) => tensor.name === name)) problems.push(`tensor ${name} is not declared`);
  return problems.length === 0 ? { document } : { problem: problems.join('; ') };
}
