/**
 * The few messages of the ONNX format (onnx.proto3) that a hand-made test graph needs, written as
 * protobuf bytes.
 */

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  while (rest > 0x7fn) {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  return bytes;
}

/** A whole number, as protobuf field. */
export const int = (field: number, value: number): Buffer =>
  Buffer.from([...varint(field << 3), ...varint(value)]);
/** A text or a blob, as protobuf field. */
export const bytes = (field: number, value: Uint8Array | string): Buffer => {
  const body = Buffer.from(value);
  return Buffer.concat([Buffer.from([...varint((field << 3) | 2), ...varint(body.length)]), body]);
};
/** A message in a message, as protobuf field. */
export const message = (field: number, parts: readonly Buffer[]): Buffer =>
  bytes(field, Buffer.concat(parts));

export type Attributes = Readonly<Record<string, number | readonly number[]>>;

/** One node: integer and integer-list attributes only. */
export function node(
  op: string,
  inputs: readonly string[],
  output: string,
  attributes: Attributes = {},
): Buffer {
  return Buffer.concat([
    ...inputs.map((name) => bytes(1, name)),
    bytes(2, output),
    bytes(3, `${op}_${output}`),
    bytes(4, op),
    ...Object.entries(attributes).map(([name, value]) =>
      message(
        5,
        typeof value === 'number'
          ? [bytes(1, name), int(3, value), int(20, 2)]
          : [bytes(1, name), ...value.map((v) => int(8, v)), int(20, 7)],
      ),
    ),
  ]);
}

/** A float32 constant of the graph. */
export function constant(name: string, dims: readonly number[], values: readonly number[]): Buffer {
  const raw = new Uint8Array(Float32Array.from(values).buffer);
  return Buffer.concat([...dims.map((d) => int(1, d)), int(2, 1), bytes(8, name), bytes(9, raw)]);
}

/**
 * An input or output, float32 if not said otherwise (1: float32, 7: int64, 11: float64); a string
 * dimension is symbolic.
 */
export function tensorInfo(name: string, dims: readonly (number | string)[], type = 1): Buffer {
  const shape = dims.map((d) => message(1, [typeof d === 'number' ? int(1, d) : bytes(2, d)]));
  return Buffer.concat([bytes(1, name), message(2, [message(1, [int(1, type), message(2, shape)])])]);
}

export interface Graph {
  readonly nodes: readonly Buffer[];
  readonly constants: readonly Buffer[];
  readonly inputs: readonly Buffer[];
  readonly outputs: readonly Buffer[];
  readonly opset: number;
  /** 8 when absent. */
  readonly irVersion?: number;
  /** More fields of the graph, and of the model. */
  readonly graphParts?: readonly Buffer[];
  readonly modelParts?: readonly Buffer[];
}

/** The content of a GraphProto. */
export function encodeGraph(
  graph: Pick<Graph, 'nodes' | 'constants' | 'inputs' | 'outputs' | 'graphParts'>,
): Buffer {
  return Buffer.concat([
    ...graph.nodes.map((n) => bytes(1, n)),
    bytes(2, 'tiny'),
    ...graph.constants.map((c) => bytes(5, c)),
    ...graph.inputs.map((i) => bytes(11, i)),
    ...graph.outputs.map((o) => bytes(12, o)),
    ...(graph.graphParts ?? []),
  ]);
}

/** The bytes of a whole .onnx file; without an operator set when it is 0. */
export function encodeModel(graph: Graph): Buffer {
  return Buffer.concat([
    int(1, graph.irVersion ?? 8),
    bytes(2, 'windlass-test'),
    bytes(7, encodeGraph(graph)),
    ...(graph.opset === 0 ? [] : [opsetImport('', graph.opset)]),
    ...(graph.modelParts ?? []),
  ]);
}

/** One operator set of a model (field 8), or of a function (field 9). */
export function opsetImport(domain: string, version: number, field = 8): Buffer {
  return message(field, [bytes(1, domain), int(2, version)]);
}
