import type { GraphMessage, NodeMessage } from './onnx-schema.ts';

/** Value names that a graph can see: its own, or those of the graphs around it. */
type Visible = (name: string) => boolean;

const nowhere: Visible = () => false;

/** Every graph that is an attribute of a node: the branches of If, the bodies of Loop and Scan. */
export function subgraphs(node: NodeMessage): GraphMessage[] {
  return (node.attribute ?? []).flatMap((a) => [...(a.g === undefined ? [] : [a.g]), ...(a.graphs ?? [])]);
}

/** A node as people find it in a viewer. */
function nodeName(node: NodeMessage): string {
  const name = node.name === undefined || node.name === '' ? (node.output?.[0] ?? '?') : node.name;
  return `${node.opType ?? '?'} "${name}"`;
}

/**
 * What is wrong with how values flow: a name made twice, one that nothing makes, a circle. Graphs
 * inside nodes see the values of the graphs around them.
 */
export function graphProblems(graph: GraphMessage): string[] {
  const problems: string[] = [];
  checkGraph(graph, nowhere, problems);
  return problems;
}

/** Adds problems; gives the names that the graph takes from the graphs around it. */
function checkGraph(graph: GraphMessage, outside: Visible, problems: string[]): Set<string> {
  const given = new Set<string>();
  const give = (name: string | undefined, what: string, known = given): void => {
    if (name === undefined || name === '') problems.push(`${what} has no name`);
    else if (known.has(name)) problems.push(`${what} "${name}" is there twice`);
    else known.add(name);
  };
  for (const input of graph.input ?? []) give(input.name, 'input');
  const initialisers = new Set<string>();
  for (const tensor of graph.initializer ?? []) give(tensor.name, 'initialiser', initialisers);
  for (const sparse of graph.sparseInitializer ?? []) give(sparse.values?.name, 'initialiser', initialisers);
  // An initialiser may bear an input's name: it is that input's default.
  for (const name of initialisers) given.add(name);
  return checkNodes(graph, { given, outside, problems });
}

function checkNodes(
  graph: GraphMessage,
  at: { readonly given: ReadonlySet<string>; readonly outside: Visible; readonly problems: string[] },
): Set<string> {
  const { given, outside, problems } = at;
  const nodes = graph.node ?? [];
  const maker = new Map<string, number>();
  for (const [i, node] of nodes.entries())
    for (const name of (node.output ?? []).filter((n) => n !== ''))
      if (given.has(name) || maker.has(name)) problems.push(`"${name}" is made twice, by ${nodeName(node)}`);
      else maker.set(name, i);

  const here: Visible = (name) => given.has(name) || maker.has(name);
  const captured = new Set<string>();
  const use = (name: string, by: string): number | undefined => {
    if (!here(name))
      if (outside(name)) captured.add(name);
      else problems.push(`${by} reads "${name}", which nothing makes`);

    return maker.get(name);
  };
  const needs = nodes.map((node) => {
    const inner = subgraphs(node).flatMap((g) => [
      ...checkGraph(g, (name) => here(name) || outside(name), problems),
    ]);
    const names = [...(node.input ?? []).filter((n) => n !== ''), ...inner];
    return new Set(names.map((name) => use(name, nodeName(node))).filter((i) => i !== undefined));
  });
  for (const output of graph.output ?? []) use(output.name ?? '', 'an output');
  const circle = inCircle(needs);
  if (circle !== undefined) problems.push(`${nodeName(nodes[circle] ?? {})} is part of a circle`);
  return captured;
}

/**
 * A node that waits for itself, directly or through others (Kahn 1962); undefined when all can be
 * put in order.
 */
function inCircle(needs: readonly ReadonlySet<number>[]): number | undefined {
  const open = needs.map((n) => n.size);
  const feeds = needs.map((): number[] => []);
  for (const [i, from] of needs.entries()) for (const k of from) feeds[k]?.push(i);
  const ready = open.flatMap((n, i) => (n === 0 ? [i] : []));
  for (let next = ready.pop(); next !== undefined; next = ready.pop())
    for (const fed of feeds[next] ?? []) {
      open[fed] = (open[fed] ?? 0) - 1;
      if (open[fed] === 0) ready.push(fed);
    }
  const left = open.findIndex((n) => n > 0);
  return left === -1 ? undefined : left;
}
