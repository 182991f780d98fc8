import { WindlassError } from '../../errors/windlass-error.ts';
import type { ModelStructure, ModelValue } from '../../ports/model-runtime.ts';
import {
  modelProto,
  type GraphMessage,
  type ModelMessage,
  type NodeMessage,
  type TensorMessage,
  type ValueMessage,
} from './onnx-schema.ts';

/** TensorProto.DataType, by number. */
const ELEMENT_TYPES = [
  'undefined',
  'float32',
  'uint8',
  'int8',
  'uint16',
  'int16',
  'int32',
  'int64',
  'string',
  'bool',
  'float16',
  'float64',
  'uint32',
  'uint64',
  'complex64',
  'complex128',
  'bfloat16',
] as const;
const EXTERNAL = 1;

function describe(value: ValueMessage): ModelValue {
  const { name = '', type = {} } = value;
  const { tensorType } = type;
  if (tensorType !== undefined) {
    const dims = tensorType.shape?.dim;
    return {
      name,
      kind: 'tensor',
      elementType: ELEMENT_TYPES[tensorType.elemType ?? 0] ?? `type ${tensorType.elemType ?? 0}`,
      shape:
        tensorType.shape === undefined
          ? null
          : (dims ?? []).map(
              (d) => d.dimValue ?? (d.dimParam === undefined || d.dimParam === '' ? null : d.dimParam),
            ),
    };
  }
  const kind =
    type.sequenceType !== undefined
      ? 'sequence'
      : type.mapType !== undefined
        ? 'map'
        : type.optionalType !== undefined
          ? 'optional'
          : type.sparseTensorType !== undefined
            ? 'sparse-tensor'
            : 'unknown';
  return { name, kind, elementType: '', shape: null };
}

class Walk {
  readonly external: string[] = [];
  readonly operators = new Set<string>();
  nodes = 0;

  tensor(tensor: TensorMessage | undefined): void {
    if (tensor === undefined) return;
    if (tensor.dataLocation !== EXTERNAL && (tensor.externalData ?? []).length === 0) return;
    const location = tensor.externalData?.find((e) => e.key === 'location')?.value ?? '?';
    this.external.push(`${tensor.name ?? ''} → ${location}`);
  }

  graph(graph: GraphMessage | undefined): void {
    if (graph === undefined) return;
    for (const tensor of graph.initializer ?? []) this.tensor(tensor);
    for (const sparse of graph.sparseInitializer ?? []) {
      this.tensor(sparse.values);
      this.tensor(sparse.indices);
    }
    for (const node of graph.node ?? []) this.node(node);
  }

  node(node: NodeMessage): void {
    this.nodes += 1;
    const domain = node.domain ?? '';
    if (domain !== '' && domain !== 'ai.onnx') this.operators.add(`${domain}.${node.opType ?? '?'}`);
    for (const a of node.attribute ?? []) {
      for (const tensor of [a.t, ...(a.tensors ?? [])]) this.tensor(tensor);
      for (const sparse of [a.sparseTensor, ...(a.sparseTensors ?? [])]) {
        this.tensor(sparse?.values);
        this.tensor(sparse?.indices);
      }
      for (const graph of [a.g, ...(a.graphs ?? [])]) this.graph(graph);
    }
  }
}

/** Reads what an ONNX file says of itself, without running anything; throws MODEL_INVALID when it is no complete ONNX file. */
export function readStructure(bytes: Buffer): ModelStructure {
  let model: ModelMessage;
  try {
    model = modelProto.toObject(modelProto.decode(bytes), { longs: Number }) as ModelMessage;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new WindlassError('MODEL_INVALID', `The file is not a complete ONNX model: ${reason}.`, {
      cause: error,
    });
  }
  if (model.graph === undefined || (model.graph.node ?? []).length === 0)
    throw new WindlassError('MODEL_INVALID', 'The file is not an ONNX model: it holds no graph.');
  const walk = new Walk();
  walk.graph(model.graph);
  for (const f of model.functions ?? []) for (const node of f.node ?? []) walk.node(node);
  // Before IR version 4 initialisers are listed among the inputs.
  const initialised = new Set((model.graph.initializer ?? []).map((t) => t.name));
  return {
    bytes: bytes.length,
    irVersion: model.irVersion ?? 0,
    producer: [model.producerName, model.producerVersion].filter(Boolean).join(' '),
    opsets: (model.opsetImport ?? []).map((o) => ({ domain: o.domain ?? '', version: o.version ?? 0 })),
    nodes: walk.nodes,
    operators: [...walk.operators].sort(),
    externalTensors: walk.external,
    inputs: (model.graph.input ?? []).filter((i) => !initialised.has(i.name)).map(describe),
    outputs: (model.graph.output ?? []).map(describe),
  };
}
