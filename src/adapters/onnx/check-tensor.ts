import { elementType } from './element-types.ts';
import type { SparseMessage, TensorMessage } from './onnx-schema.ts';

const EXTERNAL = 1;
/** Elements of a sparse tensor when a runtime makes it dense: 64 MB of float32. */
const MAX_DENSE = 16_777_216;

const shown = (dims: readonly number[]): string => `[${dims.slice(0, 8).join(', ')}]`;

/** Number of elements, or what is wrong with the dimensions. */
function elements(dims: readonly number[]): number | string {
  if (dims.some((d) => d < 0)) return `has a negative dimension: ${shown(dims)}`;
  return dims.reduce((n, d) => n * d, 1);
}

/** Where the values of a tensor lie, when not in the file. */
export function externalPlace(tensor: TensorMessage): string | undefined {
  if (tensor.dataLocation !== EXTERNAL && (tensor.externalData ?? []).length === 0) return undefined;
  const location = tensor.externalData?.find((e) => e.key === 'location')?.value ?? '?';
  return `${tensor.name ?? ''} → ${location}`;
}

/**
 * What is wrong with a tensor that carries its own values: it must carry exactly as many as its
 * dimensions say.
 */
export function tensorProblem(tensor: TensorMessage): string | undefined {
  if (externalPlace(tensor) !== undefined) return undefined;
  const name = tensor.name ?? 'a tensor';
  const type = elementType(tensor.dataType);
  if (type === undefined)
    return `${name} has the element type ${tensor.dataType ?? 0}, which ONNX does not define`;
  const dims = tensor.dims ?? [];
  const n = elements(dims);
  if (typeof n === 'string') return `${name} ${n}`;
  const mismatch = (carried: string): string =>
    `${name} declares ${shown(dims)} = ${n} elements of ${type.name} and carries ${carried}`;
  if (tensor.rawData !== undefined)
    return tensor.rawData === Math.ceil((n * type.bits) / 8) && type.bits > 0
      ? undefined
      : mismatch(`${tensor.rawData} bytes`);
  const carried = tensor[type.field] ?? 0;
  return carried === (type.entries?.(n) ?? n) ? undefined : mismatch(`${carried}`);
}

/** What is wrong with a sparse tensor. */
export function sparseProblem(sparse: SparseMessage): string | undefined {
  const n = elements(sparse.dims ?? []);
  const name = sparse.values?.name ?? 'a sparse tensor';
  if (typeof n === 'string') return `${name} ${n}`;
  if (n > MAX_DENSE)
    return `${name} is sparse and would take ${n} elements as a dense tensor, at most ${MAX_DENSE} are allowed`;
  for (const part of [sparse.values, sparse.indices]) {
    const problem = part === undefined ? `${name} lacks its values or its indices` : tensorProblem(part);
    if (problem !== undefined) return problem;
  }
  return undefined;
}
