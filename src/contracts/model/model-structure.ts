/**
 * One input or output of a model file. A shape's entry is a number, a symbol, or null when it is
 * left open.
 */
export interface ModelValue {
  readonly name: string;
  readonly kind: 'tensor' | 'sequence' | 'map' | 'optional' | 'sparse-tensor' | 'unknown';
  /** ONNX name, e.g. "float32"; empty when it is no tensor. */
  readonly elementType: string;
  readonly shape: ReadonlyArray<number | string | null> | null;
}

/** What a model file declares, read before any runtime opens it. */
export interface ModelStructure {
  readonly bytes: number;
  /** sha256:<hex> of the file. */
  readonly digest: string;
  readonly irVersion: number;
  readonly producer: string;
  /** The domain "" is given as "ai.onnx", here and below. */
  readonly opsets: ReadonlyArray<{ readonly domain: string; readonly version: number }>;
  readonly metadata: Readonly<Record<string, string>>;
  /** In the graph, its branches and bodies, functions and training graphs. */
  readonly nodes: number;
  /** Nodes of the graph once every call of a function is replaced by the function's body. */
  readonly expandedNodes: number;
  readonly tensors: number;
  /** Every operator that is used, once. */
  readonly operators: ReadonlyArray<{ readonly domain: string; readonly name: string }>;
  /** Functions that the model brings along. */
  readonly functions: ReadonlyArray<{ readonly domain: string; readonly name: string }>;
  /** Tensors whose values are stored outside the file; long lists are cut. */
  readonly externalTensors: readonly string[];
  /** Tensors whose values do not match their dimensions; long lists are cut. */
  readonly tensorProblems: readonly string[];
  /** Why the graph cannot be run in any order; long lists are cut. */
  readonly graphProblems: readonly string[];
  /** Without initialisers. */
  readonly inputs: readonly ModelValue[];
  readonly outputs: readonly ModelValue[];
}
