import { WindlassError } from '../../errors/windlass-error.ts';
import type { ModelStructure, ModelValue } from '../../contracts/model/model-structure.ts';
import { checkFunctions, domainName } from './check-functions.ts';
import { graphProblems } from './check-graph.ts';
import { elementType } from './element-types.ts';
import { ONNX_SCHEMA, type ModelMessage, type ValueMessage } from './onnx-schema.ts';
import { ModelWalk } from './walk-model.ts';
import { WireReader } from './wire-reader.ts';
import { digestOf } from '../../base/digest.ts';

/**
 * A branch in a branch takes three levels (node, attribute, graph); protobuf's own readers stop
 * at 100.
 */
const LIMITS = { depth: 64, items: 1_000_000, text: 1024 * 1024 };
const MAX_FUNCTIONS = 1_000;
const MAX_PROBLEMS = 20;

function describe(value: ValueMessage): ModelValue {
  const { name = '', type = {} } = value;
  const { tensorType } = type;
  if (tensorType !== undefined) {
    const dims = tensorType.shape?.dim;
    return {
      name,
      kind: 'tensor',
      elementType: elementType(tensorType.elemType)?.name ?? `type ${tensorType.elemType ?? 0}`,
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

function refuse(reason: string): never {
  throw new WindlassError('MODEL_INVALID', reason);
}

/**
 * Reads what an ONNX file says of itself, without running anything and within limits of depth and
 * number of parts; throws MODEL_INVALID when it is no complete ONNX file.
 */
export function readStructure(bytes: Buffer): ModelStructure {
  if (bytes.length === 0) refuse('The file is not an ONNX model: it is empty.');
  const model = new WireReader(bytes, ONNX_SCHEMA, LIMITS).read('ModelProto') as ModelMessage;
  if (model.graph === undefined || (model.graph.node ?? []).length === 0)
    refuse('The file is not an ONNX model: it holds no graph.');
  const functions = model.functions ?? [];
  if (functions.length > MAX_FUNCTIONS)
    refuse(`The file holds ${functions.length} functions, at most ${MAX_FUNCTIONS} are allowed.`);
  const walk = new ModelWalk(model);
  const called = checkFunctions(model);
  // Before IR version 4 initialisers are listed among the inputs.
  const initialised = new Set((model.graph.initializer ?? []).map((t) => t.name));
  return {
    bytes: bytes.length,
    digest: digestOf(bytes),
    irVersion: model.irVersion ?? 0,
    producer: [model.producerName, model.producerVersion].filter(Boolean).join(' '),
    opsets: (model.opsetImport ?? []).map((o) => ({ domain: domainName(o.domain), version: o.version ?? 0 })),
    metadata: Object.fromEntries((model.metadataProps ?? []).map((p) => [p.key ?? '', p.value ?? ''])),
    nodes: walk.nodes,
    expandedNodes: called.expanded,
    tensors: walk.tensors,
    operators: walk.operators,
    functions: functions.map((f) => ({ domain: domainName(f.domain), name: f.name ?? '' })),
    externalTensors: walk.external.slice(0, MAX_PROBLEMS),
    tensorProblems: walk.tensorProblems.slice(0, MAX_PROBLEMS),
    graphProblems: [...graphProblems(model.graph), ...called.problems].slice(0, MAX_PROBLEMS),
    inputs: (model.graph.input ?? []).filter((i) => !initialised.has(i.name)).map(describe),
    outputs: (model.graph.output ?? []).map(describe),
  };
}
