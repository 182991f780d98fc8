import type { GateResult } from '../../contracts/gate.ts';
import type { ProjectSpec } from '../../contracts/project/project.ts';
import type { ModelExpectation } from '../../contracts/model/model-expectation.ts';
import type { ModelStructure, ModelValue } from '../../contracts/model/model-structure.ts';
import { gate } from '../gates/build.ts';
import { expectedInputs } from './model-expectation.ts';
import { controlFlowGate, operatorGate, opsetGate } from './operator-gates.ts';

/** Nodes after functions have been put in place of their calls. */
const MAX_NODES = 50_000;

type Spec = Pick<ProjectSpec, 'gates' | 'serve'>;
type Shape = readonly (number | 'N')[];

function graphGate({ graphProblems, irVersion, nodes, expandedNodes }: ModelStructure): GateResult {
  const problems = [...graphProblems];
  if (expandedNodes > MAX_NODES || nodes > MAX_NODES)
    problems.push(`it has ${Math.max(nodes, expandedNodes)} nodes, at most ${MAX_NODES} are allowed`);
  return gate('onnx-graph', problems.length === 0, {
    observed: problems.length === 0 ? 'sound' : problems.slice(0, 3).join('; '),
    threshold: 'sound',
    n: nodes,
    evidence: { nodes, expandedNodes, irVersion },
    reason:
      problems.length === 0
        ? 'every value is made once, before it is read'
        : `the graph cannot be run: ${problems.slice(0, 3).join('; ')}`,
  });
}

function tensorGate({ tensorProblems, tensors }: ModelStructure): GateResult {
  const ok = tensorProblems.length === 0;
  return gate('onnx-tensors', ok, {
    observed: ok ? 'as declared' : tensorProblems.slice(0, 3).join('; '),
    threshold: 'as declared',
    n: tensors,
    reason: ok
      ? 'every tensor carries what its dimensions say'
      : `weights are not what they say: ${tensorProblems.slice(0, 3).join('; ')}`,
  });
}
function externalGate({ externalTensors, nodes }: ModelStructure): GateResult {
  const ok = externalTensors.length === 0;
  return gate('onnx-self-contained', ok, {
    observed: externalTensors.length,
    threshold: 0,
    n: nodes,
    reason: ok
      ? 'all weights are inside the file'
      : `weights lie in other files (${externalTensors.slice(0, 3).join(', ')}): save the model with save_as_external_data=False`,
  });
}

function plainGate({ inputs, outputs }: ModelStructure): GateResult {
  const odd = [...inputs, ...outputs].filter((v) => v.kind !== 'tensor');
  const maps = odd.some((v) => v.kind === 'sequence' || v.kind === 'map');
  return gate('onnx-plain-tensors', odd.length === 0, {
    observed: odd.length === 0 ? 'tensors' : odd.map((v) => `${v.name}: ${v.kind}`).join(', '),
    threshold: 'tensors',
    n: inputs.length + outputs.length,
    reason:
      odd.length === 0
        ? 'inputs and outputs are plain tensors'
        : maps
          ? 'an output is a sequence of maps (ZipMap), which devices cannot read: convert with options={"zipmap": False}'
          : 'devices read plain tensors only',
  });
}

const text = (shape: ModelValue['shape'] | Shape): string =>
  shape === null ? '[?]' : `[${shape.map((d) => d ?? '?').join(', ')}]`;

/**
 * What is wrong with one declared value; undefined when it fits. The first dimension must be free:
 * batches differ.
 */
function mismatch(found: ModelValue | undefined, name: string, shape: Shape): string | undefined {
  if (found === undefined) return `${name} is missing`;
  if (found.kind !== 'tensor' || found.elementType !== 'float32')
    return `${name} is ${found.kind === 'tensor' ? found.elementType : found.kind}, expected float32`;
  if (found.shape === null) return `${name} has no shape, expected ${text(shape)}`;
  const fits =
    found.shape.length === shape.length &&
    shape.every((d, i) => (d === 'N' ? typeof found.shape?.[i] !== 'number' : found.shape?.[i] === d));
  return fits ? undefined : `${name} has shape ${text(found.shape)}, expected ${text(shape)}`;
}

function signatureGate({ inputs, outputs }: ModelStructure, expect: ModelExpectation): GateResult {
  const problems = expectedInputs(expect).flatMap(
    ({ name, shape }) =>
      mismatch(
        inputs.find((i) => i.name === name),
        name,
        ['N', ...shape],
      ) ?? [],
  );
  const known = new Set(expectedInputs(expect).map((i) => i.name));
  for (const { name } of inputs) if (!known.has(name)) problems.push(`input ${name} is not declared`);
  const output = mismatch(
    outputs.find((o) => o.name === expect.output),
    expect.output,
    ['N'],
  );
  if (output !== undefined) problems.push(output);
  const shown = [...inputs, ...outputs].map((v) => `${v.name} ${v.elementType} ${text(v.shape)}`);
  return gate('onnx-signature', problems.length === 0, {
    observed: problems.length === 0 ? 'as declared' : problems.join('; '),
    threshold: 'as declared',
    n: inputs.length + outputs.length,
    evidence: { values: shown },
    reason: problems.length === 0 ? 'names, types and shapes are as declared' : problems.join('; '),
  });
}

/** Exported so that a file can be refused before it is read. */
export function sizeGate(bytes: number, { gates }: Pick<Spec, 'gates'>): GateResult {
  const megabytes = Number((bytes / 1e6).toFixed(3));
  const ok = megabytes <= gates.maxSizeMb;
  return gate('onnx-size', ok, {
    observed: megabytes,
    threshold: gates.maxSizeMb,
    n: 1,
    reason: ok ? `${megabytes} MB` : `${megabytes} MB is more than a device is given (${gates.maxSizeMb} MB)`,
  });
}

/** Gates on what a model file says of itself; only when all pass may a runtime open the file. */
export function structureGates(
  structure: ModelStructure,
  spec: Spec,
  expect: ModelExpectation,
): GateResult[] {
  return [
    sizeGate(structure.bytes, spec),
    graphGate(structure),
    tensorGate(structure),
    externalGate(structure),
    opsetGate(structure, spec),
    operatorGate(structure),
    controlFlowGate(structure, spec),
    plainGate(structure),
    signatureGate(structure, expect),
  ];
}
