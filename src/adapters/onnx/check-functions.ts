import { graphProblems, subgraphs } from './check-graph.ts';
import type { FunctionMessage, ModelMessage, NodeMessage, OpsetMessage } from './onnx-schema.ts';

/** Operator domains of the ONNX standard; "ai.onnx" is another name of "". */
export function domainName(domain: string | undefined): string {
  return domain === undefined || domain === '' ? 'ai.onnx' : domain;
}

const keyOf = (f: { readonly domain?: string; readonly name?: string }): string =>
  `${domainName(f.domain)}.${f.name ?? ''}`;

/** All nodes below a list of nodes, in branches and bodies too. */
function* everyNode(nodes: readonly NodeMessage[] | undefined): Generator<NodeMessage> {
  for (const node of nodes ?? []) {
    yield node;
    for (const graph of subgraphs(node)) yield* everyNode(graph.node);
  }
}

const versions = (imports: readonly OpsetMessage[] | undefined): Map<string, number> =>
  new Map((imports ?? []).map((o) => [domainName(o.domain), o.version ?? 0]));

function ownProblems(f: FunctionMessage, model: ModelMessage): string[] {
  const imported = versions(model.opsetImport);
  const name = keyOf(f);
  const problems = graphProblems({
    node: f.node,
    input: (f.input ?? []).map((input) => ({ name: input })),
    output: (f.output ?? []).map((output) => ({ name: output })),
  }).map((problem) => `function ${name}: ${problem}`);
  if (/^ai\.onnx(\.ml)?$/.test(domainName(f.domain)))
    problems.push(`function ${name} takes the place of a standard operator`);
  for (const [domain, version] of versions(f.opsetImport))
    if (imported.get(domain) !== version)
      problems.push(
        `function ${name} uses operator set ${version} of ${domain}, the model ${imported.get(domain) ?? 'none'}`,
      );
  return problems;
}

/**
 * What is wrong with a model's own functions, and how many nodes the model has once a runtime has
 * put every function's body in the place of its calls (a few functions that call each other twice
 * make billions).
 */
export function checkFunctions(model: ModelMessage): {
  readonly problems: string[];
  readonly expanded: number;
} {
  const functions = new Map<string, FunctionMessage>();
  const problems: string[] = [];
  for (const f of model.functions ?? []) {
    if (functions.has(keyOf(f))) problems.push(`function ${keyOf(f)} is there twice`);
    functions.set(keyOf(f), f);
    problems.push(...ownProblems(f, model));
  }
  const sizes = new Map<string, number>();
  const open = new Set<string>();
  const sizeOf = (nodes: readonly NodeMessage[] | undefined): number => {
    let size = 0;
    for (const node of everyNode(nodes))
      size += 1 + called(keyOf({ domain: node.domain, name: node.opType }));
    return size;
  };
  const called = (key: string): number => {
    const f = functions.get(key);
    if (f === undefined) return 0;
    const known = sizes.get(key);
    if (known !== undefined) return known;
    if (open.has(key)) {
      problems.push(`function ${key} calls itself`);
      return 0;
    }
    open.add(key);
    const size = sizeOf(f.node);
    open.delete(key);
    sizes.set(key, size);
    return size;
  };
  for (const key of functions.keys()) called(key);
  return { problems, expanded: sizeOf(model.graph?.node) };
}
