import type { Field, WireSchema } from './wire-reader.ts';

const message = (name: string, type: string): Field => ({ name, kind: 'message', type });
const messages = (name: string, type: string): Field => ({ name, kind: 'message', type, repeated: true });
const text = (name: string): Field => ({ name, kind: 'text' });
const texts = (name: string): Field => ({ name, kind: 'text', repeated: true });
const int = (name: string): Field => ({ name, kind: 'int' });
const one = (oneof: string, field: Field): Field => ({ ...field, oneof });
/** Numbers or blobs of which only the count matters. */
const count = (name: string, kind: 'count32' | 'count64' | 'varints' | 'blobs'): Field => ({
  name,
  kind,
  repeated: true,
});

/**
 * The part of the ONNX format that can be judged without running a model; weights are measured, not
 * read. Source: onnx.proto of ONNX 1.23 (IR version 14; field numbers never change). Every place
 * where a tensor or a graph may lie is here.
 */
export const ONNX_SCHEMA: WireSchema = {
  ModelProto: {
    1: int('irVersion'),
    2: text('producerName'),
    3: text('producerVersion'),
    7: message('graph', 'GraphProto'),
    8: messages('opsetImport', 'OperatorSetIdProto'),
    14: messages('metadataProps', 'StringStringEntryProto'),
    20: messages('trainingInfo', 'TrainingInfoProto'),
    25: messages('functions', 'FunctionProto'),
  },
  OperatorSetIdProto: { 1: text('domain'), 2: int('version') },
  TrainingInfoProto: { 1: message('initialization', 'GraphProto'), 2: message('algorithm', 'GraphProto') },
  GraphProto: {
    1: messages('node', 'NodeProto'),
    5: messages('initializer', 'TensorProto'),
    11: messages('input', 'ValueInfoProto'),
    12: messages('output', 'ValueInfoProto'),
    13: messages('valueInfo', 'ValueInfoProto'),
    15: messages('sparseInitializer', 'SparseTensorProto'),
  },
  FunctionProto: {
    1: text('name'),
    4: texts('input'),
    5: texts('output'),
    7: messages('node', 'NodeProto'),
    9: messages('opsetImport', 'OperatorSetIdProto'),
    10: text('domain'),
    11: messages('attributeProto', 'AttributeProto'),
    12: messages('valueInfo', 'ValueInfoProto'),
  },
  NodeProto: {
    1: texts('input'),
    2: texts('output'),
    3: text('name'),
    4: text('opType'),
    5: messages('attribute', 'AttributeProto'),
    7: text('domain'),
  },
  AttributeProto: {
    1: text('name'),
    5: message('t', 'TensorProto'),
    6: message('g', 'GraphProto'),
    10: messages('tensors', 'TensorProto'),
    11: messages('graphs', 'GraphProto'),
    22: message('sparseTensor', 'SparseTensorProto'),
    23: messages('sparseTensors', 'SparseTensorProto'),
  },
  TensorProto: {
    1: { name: 'dims', kind: 'ints', repeated: true },
    2: int('dataType'),
    4: count('floatData', 'count32'),
    5: count('int32Data', 'varints'),
    6: count('stringData', 'blobs'),
    7: count('int64Data', 'varints'),
    8: text('name'),
    9: { name: 'rawData', kind: 'size' },
    10: count('doubleData', 'count64'),
    11: count('uint64Data', 'varints'),
    13: messages('externalData', 'StringStringEntryProto'),
    14: int('dataLocation'),
  },
  SparseTensorProto: {
    1: message('values', 'TensorProto'),
    2: message('indices', 'TensorProto'),
    3: { name: 'dims', kind: 'ints', repeated: true },
  },
  StringStringEntryProto: { 1: text('key'), 2: text('value') },
  ValueInfoProto: { 1: text('name'), 2: message('type', 'TypeProto') },
  TypeProto: {
    1: one('value', message('tensorType', 'TensorType')),
    4: one('value', message('sequenceType', 'OtherType')),
    5: one('value', message('mapType', 'OtherType')),
    7: one('value', message('opaqueType', 'OtherType')),
    8: one('value', message('sparseTensorType', 'OtherType')),
    9: one('value', message('optionalType', 'OtherType')),
  },
  TensorType: { 1: int('elemType'), 2: message('shape', 'TensorShapeProto') },
  OtherType: {},
  TensorShapeProto: { 1: messages('dim', 'Dimension') },
  Dimension: { 1: one('value', int('dimValue')), 2: one('value', text('dimParam')) },
};

export interface TensorMessage {
  readonly name?: string;
  readonly dims?: readonly number[];
  readonly dataType?: number;
  readonly externalData?: readonly EntryMessage[];
  readonly dataLocation?: number;
  /** Bytes. */
  readonly rawData?: number;
  readonly floatData?: number;
  readonly int32Data?: number;
  readonly stringData?: number;
  readonly int64Data?: number;
  readonly doubleData?: number;
  readonly uint64Data?: number;
}
export interface SparseMessage {
  readonly values?: TensorMessage;
  readonly indices?: TensorMessage;
  readonly dims?: readonly number[];
}
export interface AttributeMessage {
  readonly name?: string;
  readonly t?: TensorMessage;
  readonly g?: GraphMessage;
  readonly tensors?: readonly TensorMessage[];
  readonly graphs?: readonly GraphMessage[];
  readonly sparseTensor?: SparseMessage;
  readonly sparseTensors?: readonly SparseMessage[];
}
export interface NodeMessage {
  readonly name?: string;
  readonly opType?: string;
  readonly domain?: string;
  readonly input?: readonly string[];
  readonly output?: readonly string[];
  readonly attribute?: readonly AttributeMessage[];
}
export interface ValueMessage {
  readonly name?: string;
  readonly type?: {
    readonly tensorType?: {
      readonly elemType?: number;
      readonly shape?: {
        readonly dim?: readonly { readonly dimValue?: number; readonly dimParam?: string }[];
      };
    };
    readonly sequenceType?: object;
    readonly mapType?: object;
    readonly sparseTensorType?: object;
    readonly optionalType?: object;
  };
}
export interface GraphMessage {
  readonly node?: readonly NodeMessage[];
  readonly initializer?: readonly TensorMessage[];
  readonly sparseInitializer?: readonly SparseMessage[];
  readonly input?: readonly ValueMessage[];
  readonly output?: readonly ValueMessage[];
}
export interface OpsetMessage {
  readonly domain?: string;
  readonly version?: number;
}
export interface FunctionMessage {
  readonly name?: string;
  readonly domain?: string;
  readonly input?: readonly string[];
  readonly output?: readonly string[];
  readonly node?: readonly NodeMessage[];
  readonly opsetImport?: readonly OpsetMessage[];
  readonly attributeProto?: readonly AttributeMessage[];
}
interface EntryMessage {
  readonly key?: string;
  readonly value?: string;
}
export interface ModelMessage {
  readonly irVersion?: number;
  readonly producerName?: string;
  readonly producerVersion?: string;
  readonly graph?: GraphMessage;
  readonly opsetImport?: readonly OpsetMessage[];
  readonly metadataProps?: readonly EntryMessage[];
  readonly trainingInfo?: readonly {
    readonly initialization?: GraphMessage;
    readonly algorithm?: GraphMessage;
  }[];
  readonly functions?: readonly FunctionMessage[];
}
