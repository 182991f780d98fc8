import { domainName } from './check-functions.ts';
import { subgraphs } from './check-graph.ts';
import { externalPlace, sparseProblem, tensorProblem } from './check-tensor.ts';
import type {
  AttributeMessage,
  GraphMessage,
  ModelMessage,
  NodeMessage,
  SparseMessage,
  TensorMessage,
} from './onnx-schema.ts';

/**
 * What lies in a model, wherever it lies: in the graph, its branches and bodies, functions,
 * training graphs.
 */
export class ModelWalk {
  readonly external: string[] = [];
  readonly tensorProblems: string[] = [];
  readonly #operators = new Map<string, { readonly domain: string; readonly name: string }>();
  nodes = 0;
  tensors = 0;

  constructor(model: ModelMessage) {
    this.#graph(model.graph);
    for (const f of model.functions ?? []) {
      for (const node of f.node ?? []) this.#node(node);
      for (const attribute of f.attributeProto ?? []) this.#attribute(attribute);
    }
    for (const { initialization, algorithm } of model.trainingInfo ?? []) {
      this.#graph(initialization);
      this.#graph(algorithm);
    }
  }

  /** Each operator once, by domain and name. */
  get operators(): Array<{ readonly domain: string; readonly name: string }> {
    return [...this.#operators].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, operator]) => operator);
  }

  #graph(graph: GraphMessage | undefined): void {
    for (const tensor of graph?.initializer ?? []) this.#tensor(tensor);
    for (const sparse of graph?.sparseInitializer ?? []) this.#sparse(sparse);
    for (const node of graph?.node ?? []) this.#node(node);
  }

  #node(node: NodeMessage): void {
    this.nodes += 1;
    const operator = { domain: domainName(node.domain), name: node.opType ?? '' };
    this.#operators.set(`${operator.domain}.${operator.name}`, operator);
    for (const attribute of node.attribute ?? []) this.#attribute(attribute);
    for (const graph of subgraphs(node)) this.#graph(graph);
  }

  #attribute({ t, tensors, sparseTensor, sparseTensors }: AttributeMessage): void {
    for (const tensor of [t, ...(tensors ?? [])]) if (tensor !== undefined) this.#tensor(tensor);
    for (const sparse of [sparseTensor, ...(sparseTensors ?? [])])
      if (sparse !== undefined) this.#sparse(sparse);
  }

  #tensor(tensor: TensorMessage): void {
    this.tensors += 1;
    const place = externalPlace(tensor);
    if (place !== undefined) this.external.push(place);
    this.#note(tensorProblem(tensor));
  }

  #sparse(sparse: SparseMessage): void {
    this.tensors += 1;
    for (const part of [sparse.values, sparse.indices]) {
      const place = part === undefined ? undefined : externalPlace(part);
      if (place !== undefined) this.external.push(place);
    }
    this.#note(sparseProblem(sparse));
  }

  #note(problem: string | undefined): void {
    if (problem !== undefined) this.tensorProblems.push(problem);
  }
}
