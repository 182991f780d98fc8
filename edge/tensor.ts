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

export type Tensors = Readonly<Record<string, FloatTensor>>;
type Infer = (inputs: Tensors) => Promise<Record<string, FloatTensor>>;

function rowOf({ shape, data }: FloatTensor, row: number): FloatTensor {
  const [, ...rest] = shape;
  const size = sizeOf(rest);
  return { shape: [1, ...rest], data: data.subarray(row * size, (row + 1) * size) };
}

function joined(rows: readonly FloatTensor[]): FloatTensor {
  const data = new Float32Array(rows.reduce((n, row) => n + row.data.length, 0));
  let at = 0;
  for (const row of rows) {
    data.set(row.data, at);
    at += row.data.length;
  }
  return { shape: [rows.length, ...(rows[0]?.shape.slice(1) ?? [])], data };
}

/** Infers each row (first dimension of every input) alone, and joins the outputs. */
export function rowByRow(infer: Infer): Infer {
  return async (inputs) => {
    const [n = 0, ...others] = Object.values(inputs).map((t) => t.shape[0]);
    if (n <= 1 || others.some((other) => other !== n)) return infer(inputs);
    const outputs: Record<string, FloatTensor>[] = [];
    for (let row = 0; row < n; row += 1)
      outputs.push(
        await infer(Object.fromEntries(Object.entries(inputs).map(([name, t]) => [name, rowOf(t, row)]))),
      );
    const names = Object.keys(outputs[0] ?? {});
    return Object.fromEntries(names.map((name) => [name, joined(outputs.flatMap((o) => o[name] ?? []))]));
  };
}
