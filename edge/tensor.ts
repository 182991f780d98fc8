/** A float32 tensor: row-major values and their shape. */
export interface FloatTensor {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** Name and shape of a model's input or output; a symbolic dimension keeps its name ("N"). */
export interface TensorSpec {
  readonly name: string;
  readonly shape: readonly (number | string)[];
}

/** Number of values that a shape holds. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, dim) => product * dim, 1);
}
