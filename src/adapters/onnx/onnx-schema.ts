import protobuf from 'protobufjs';

const repeated = (type: string, id: number) => ({ type, id, rule: 'repeated' });
const single = (type: string, id: number) => ({ type, id });

/**
 * The part of the ONNX format that can be judged without running a model. Source: onnx/onnx.proto3 (field numbers never
 * change); fields that are not named here are skipped over, among them the weights.
 */
const root = protobuf.Root.fromJSON({
  nested: {
    ModelProto: {
      fields: {
        irVersion: single('int64', 1),
        producerName: single('string', 2),
        producerVersion: single('string', 3),
        graph: single('GraphProto', 7),
        opsetImport: repeated('OperatorSetIdProto', 8),
        functions: repeated('FunctionProto', 25),
      },
    },
    OperatorSetIdProto: { fields: { domain: single('string', 1), version: single('int64', 2) } },
    GraphProto: {
      fields: {
        node: repeated('NodeProto', 1),
        initializer: repeated('TensorProto', 5),
        input: repeated('ValueInfoProto', 11),
        output: repeated('ValueInfoProto', 12),
        sparseInitializer: repeated('SparseTensorProto', 15),
      },
    },
    FunctionProto: {
      fields: {
        name: single('string', 1),
        node: repeated('NodeProto', 7),
        opsetImport: repeated('OperatorSetIdProto', 9),
        domain: single('string', 10),
      },
    },
    NodeProto: {
      fields: {
        name: single('string', 3),
        opType: single('string', 4),
        attribute: repeated('AttributeProto', 5),
        domain: single('string', 7),
      },
    },
    AttributeProto: {
      fields: {
        name: single('string', 1),
        t: single('TensorProto', 5),
        g: single('GraphProto', 6),
        tensors: repeated('TensorProto', 10),
        graphs: repeated('GraphProto', 11),
        sparseTensor: single('SparseTensorProto', 22),
        sparseTensors: repeated('SparseTensorProto', 23),
      },
    },
    TensorProto: {
      fields: {
        dataType: single('int32', 2),
        name: single('string', 8),
        externalData: repeated('StringStringEntryProto', 13),
        dataLocation: single('int32', 14),
      },
    },
    SparseTensorProto: { fields: { values: single('TensorProto', 1), indices: single('TensorProto', 2) } },
    StringStringEntryProto: { fields: { key: single('string', 1), value: single('string', 2) } },
    ValueInfoProto: { fields: { name: single('string', 1), type: single('TypeProto', 2) } },
    TypeProto: {
      fields: {
        tensorType: single('TensorType', 1),
        sequenceType: single('OtherType', 4),
        mapType: single('OtherType', 5),
        sparseTensorType: single('OtherType', 8),
        optionalType: single('OtherType', 9),
      },
      nested: {
        TensorType: { fields: { elemType: single('int32', 1), shape: single('TensorShapeProto', 2) } },
        OtherType: { fields: {} },
      },
    },
    TensorShapeProto: {
      fields: { dim: repeated('Dimension', 1) },
      nested: { Dimension: { fields: { dimValue: single('int64', 1), dimParam: single('string', 2) } } },
    },
  },
});

export const modelProto = root.lookupType('ModelProto');

export interface TensorMessage {
  readonly name?: string;
  readonly externalData?: readonly { readonly key?: string; readonly value?: string }[];
  readonly dataLocation?: number;
}
interface SparseMessage {
  readonly values?: TensorMessage;
  readonly indices?: TensorMessage;
}
export interface NodeMessage {
  readonly name?: string;
  readonly opType?: string;
  readonly domain?: string;
  readonly attribute?: readonly {
    readonly t?: TensorMessage;
    readonly g?: GraphMessage;
    readonly tensors?: readonly TensorMessage[];
    readonly graphs?: readonly GraphMessage[];
    readonly sparseTensor?: SparseMessage;
    readonly sparseTensors?: readonly SparseMessage[];
  }[];
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
export interface ModelMessage {
  readonly irVersion?: number;
  readonly producerName?: string;
  readonly producerVersion?: string;
  readonly graph?: GraphMessage;
  readonly opsetImport?: readonly { readonly domain?: string; readonly version?: number }[];
  readonly functions?: readonly {
    readonly name?: string;
    readonly domain?: string;
    readonly node?: readonly NodeMessage[];
  }[];
}
