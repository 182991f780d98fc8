import { tensorSize, type CalibrationTensor } from '../../contracts/device/calibration.ts';

export type TensorValues = Readonly<Record<string, Float32Array>>;

/** Whether a value is nested arrays of exactly this shape. */
function hasShape(value: unknown, shape: readonly number[]): boolean {
  const [size, ...rest] = shape;
  if (size === undefined) return typeof value === 'number';
  return Array.isArray(value) && value.length === size && value.every((item) => hasShape(item, rest));
}

/**
 * The values of declared tensors from an object of name → numbers, nested in the tensor's shape or
 * flat in row-major order, or what is wrong with it. Every value must be a number that float32
 * holds.
 */
export function readTensorValues(
  found: unknown,
  declared: readonly CalibrationTensor[],
): { readonly values: TensorValues } | { readonly problems: readonly string[] } {
  if (typeof found !== 'object' || found === null || Array.isArray(found))
    return { problems: ['expected an object of tensor name → numbers'] };
  const given = new Map(Object.entries(found));
  const values: Record<string, Float32Array> = {};
  const problems: string[] = [];
  for (const tensor of declared) {
    const { name, shape } = tensor;
    const value: unknown = given.get(name);
    given.delete(name);
    if (value === undefined) {
      problems.push(`${name} is missing`);
      continue;
    }
    if (!hasShape(value, shape) && !hasShape(value, [tensorSize(tensor)])) {
      problems.push(`${name} is not numbers of shape [${shape.join(', ')}]`);
      continue;
    }
    const flat = Float32Array.from((value as unknown[]).flat(shape.length) as number[]);
    const wrong = flat.findIndex((v) => !Number.isFinite(v));
    if (wrong === -1) values[name] = flat;
    else problems.push(`${name} has a value that is not a finite number, at position ${wrong}`);
  }
  for (const name of given.keys()) problems.push(`${name} is not declared in windlass.yaml`);
  return problems.length === 0 ? { values } : { problems };
}
