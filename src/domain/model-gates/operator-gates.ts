import type { GateResult } from '../../contracts/gate.ts';
import type { ProjectSpec } from '../../contracts/project/project.ts';
import type { ModelStructure } from '../../contracts/model/model-structure.ts';
import { OPERATORS } from './operators.ts';
import { targetRuntimes } from './target-runtimes.ts';
import { gate } from '../gates/build.ts';

/** Oldest operator set that is not emulated. */
const MIN_OPSET = 9;
/** Oldest IR version whose graphs name their values as today's do. */
const MIN_IR_VERSION = 3;
const STANDARD = 'ai.onnx';
const ML = 'ai.onnx.ml';
/** Operators that run graphs inside graphs: what they cost depends on the data. */
const CONTROL_FLOW: ReadonlySet<string> = new Set(['If', 'Loop', 'Scan', 'SequenceMap']);

type Spec = Pick<ProjectSpec, 'gates' | 'serve'>;

interface Limits {
  /** Newest operator set by domain. */
  readonly newest: Readonly<Record<string, number>>;
  readonly maxIrVersion: number;
  readonly runtimes: readonly string[];
}

/** What every target's runtime opens, and windlass.yaml allows. */
function limitsOf({ gates, serve }: Spec): Limits {
  const targets = targetRuntimes(serve.platforms);
  const least = (of: (t: (typeof targets)[number]) => number): number => Math.min(...targets.map(of));
  return {
    newest: {
      [STANDARD]: Math.min(
        gates.maxOpset,
        least((t) => t.maxOpset),
      ),
      [ML]: least((t) => t.maxMlOpset),
    },
    maxIrVersion: least((t) => t.maxIrVersion),
    runtimes: [...new Set(targets.map((t) => `${t.runtime} ${t.version}`))],
  };
}

/** Operator sets within the runtime of every target, each named once. */
export function opsetGate({ opsets, irVersion }: ModelStructure, spec: Spec): GateResult {
  const { newest, maxIrVersion, runtimes } = limitsOf(spec);
  const standard = opsets.find((o) => o.domain === STANDARD)?.version ?? null;
  const max = newest[STANDARD] ?? MIN_OPSET;
  const problems: string[] = [];
  if (standard === null) problems.push('the model does not say which operator set it uses');
  else if (standard < MIN_OPSET || standard > max)
    problems.push(
      `operator set ${standard} is outside ${MIN_OPSET} to ${max}: export the model with another target_opset`,
    );
  const ml = opsets.find((o) => o.domain === ML)?.version ?? 1;
  const maxMl = newest[ML] ?? 1;
  if (ml < 1 || ml > maxMl) problems.push(`operator set ${ml} of ${ML} is outside 1 to ${maxMl}`);
  const named = opsets.map((o) => o.domain);
  const twice = named.find((d, i) => named.indexOf(d) !== i);
  if (twice !== undefined) problems.push(`the operator set of ${twice} is named twice`);
  if (irVersion < MIN_IR_VERSION || irVersion > maxIrVersion)
    problems.push(`IR version ${irVersion} is outside ${MIN_IR_VERSION} to ${maxIrVersion}`);
  const ok = problems.length === 0;
  return gate('onnx-opset', ok, {
    observed: standard,
    threshold: `${MIN_OPSET} to ${max}`,
    n: opsets.length,
    evidence: { opsets, irVersion, runtimes },
    reason: ok ? `operator set ${standard} is supported on every platform` : problems.join('; '),
  });
}

/** Why an operator may not be used; undefined when it may. */
function unknownOperator(
  { domain, name }: { readonly domain: string; readonly name: string },
  { opsets, functions }: ModelStructure,
): string | undefined {
  const shown = `${domain}.${name}`;
  const known = OPERATORS[domain];
  if (known === undefined)
    return functions.some((f) => f.domain === domain && f.name === name) ? undefined : shown;
  const since = known.get(name);
  if (since === undefined) return `${shown} (there is no such operator)`;
  const version = opsets.find((o) => o.domain === domain)?.version;
  if (version === undefined) return `${shown} (the model names no operator set of ${domain})`;
  return version < since
    ? `${shown} (came with operator set ${since}, the model uses ${version})`
    : undefined;
}

/**
 * Only operators of the standard, as every runtime for devices has them, and functions that the
 * model brings along.
 */
export function operatorGate(structure: ModelStructure): GateResult {
  const { opsets, operators, functions, nodes } = structure;
  const foreign = operators.flatMap((o) => unknownOperator(o, structure) ?? []);
  const known = (domain: string): boolean =>
    OPERATORS[domain] !== undefined || functions.some((f) => f.domain === domain);
  const imported = opsets.map((o) => o.domain).filter((d) => !known(d));
  const bad = [...foreign, ...imported.filter((d) => !foreign.some((o) => o.startsWith(`${d}.`)))];
  const ok = bad.length === 0;
  const few = bad.slice(0, 5).join(', ');
  return gate('onnx-operators', ok, {
    observed: ok ? 'standard' : few,
    threshold: `${STANDARD}, ${ML}`,
    n: nodes,
    evidence: { operators: operators.slice(0, 100).map((o) => `${o.domain}.${o.name}`) },
    reason: ok ? 'all operators are standard ones' : `not available on devices: ${few}`,
  });
}

/** Branches and loops only where windlass.yaml opts in. */
export function controlFlowGate({ operators, nodes }: ModelStructure, { gates }: Spec): GateResult {
  const used = operators.filter((o) => o.domain === STANDARD && CONTROL_FLOW.has(o.name)).map((o) => o.name);
  const ok = used.length === 0 || gates.controlFlow;
  return gate('onnx-control-flow', ok, {
    observed: used.length === 0 ? 'none' : used.join(', '),
    threshold: gates.controlFlow ? 'allowed' : 'none',
    n: nodes,
    reason: ok
      ? used.length === 0
        ? 'every row takes the same way through the graph'
        : `${used.join(', ')}: allowed by gates.controlFlow`
      : `${used.join(', ')} runs graphs inside the graph, whose cost depends on the data: export without, or set gates.controlFlow: true in windlass.yaml`,
  });
}
