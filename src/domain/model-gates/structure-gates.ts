import { calibrationTensors } from '../../contracts/calibration.ts';
import type { GateResult } from '../../contracts/gate.ts';
import type { ProjectSpec } from '../../contracts/project.ts';
import type { ModelStructure, ModelValue } from '../../ports/model-runtime.ts';

/** Operator domains that every ONNX Runtime build for devices knows. */
export const ALLOWED_DOMAINS = ['', 'ai.onnx', 'ai.onnx.ml'] as const;
/** Oldest operator set that is not emulated. */
const MIN_OPSET = 9;

type Spec = Pick<ProjectSpec, 'model' | 'data' | 'gates'>;
type Shape = readonly (number | 'N')[];

function gate(name: string, ok: boolean, rest: Omit<GateResult, 'name' | 'status'>): GateResult {
  return { name, status: ok ? 'pass' : 'fail', ...rest };
}

function opsetGate({ opsets }: ModelStructure, { gates }: Spec): GateResult {
  const standard = opsets.find((o) => o.domain === '' || o.domain === 'ai.onnx')?.version ?? null;
  const ok = standard !== null && standard >= MIN_OPSET && standard <= gates.maxOpset;
  return gate('onnx-opset', ok, {
    observed: standard,
    threshold: `${MIN_OPSET} to ${gates.maxOpset}`,
    n: opsets.length,
    evidence: { opsets },
    reason: ok
      ? `operator set ${standard} is supported on every platform`
      : standard === null
        ? 'the model does not say which operator set it uses'
        : `operator set ${standard} is outside ${MIN_OPSET} to ${gates.maxOpset}: export the model with another target_opset`,
  });
}

function domainGate({ opsets, operators, nodes }: ModelStructure): GateResult {
  const allowed = (domain: string): boolean => (ALLOWED_DOMAINS as readonly string[]).includes(domain);
  const foreign = operators.filter((o) => !allowed(o.slice(0, o.lastIndexOf('.'))));
  const imported = opsets.map((o) => o.domain).filter((d) => !allowed(d));
  const bad = [...foreign, ...imported.filter((d) => !foreign.some((o) => o.startsWith(`${d}.`)))];
  return gate('onnx-operators', bad.length === 0, {
    observed: bad.length === 0 ? 'standard' : bad.slice(0, 5).join(', '),
    threshold: 'ai.onnx, ai.onnx.ml',
    n: nodes,
    reason:
      bad.length === 0
        ? 'all operators are standard ones'
        : `not available on devices: ${bad.slice(0, 5).join(', ')}`,
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

/** What is wrong with one declared value; undefined when it fits. The first dimension must be free: batches differ. */
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

function signatureGate({ inputs, outputs }: ModelStructure, { model, data }: Spec): GateResult {
  const width = data.columns.length;
  const declared: [string, Shape][] = [
    [model.input, ['N', model.window, width]],
    ...calibrationTensors(model.calibration, width).map(({ name, shape }): [string, Shape] => [
      name,
      ['N', ...shape],
    ]),
  ];
  const problems = declared.flatMap(([name, shape]) => {
    const problem = mismatch(
      inputs.find((i) => i.name === name),
      name,
      shape,
    );
    return problem === undefined ? [] : [problem];
  });
  const known = new Set(declared.map(([name]) => name));
  for (const { name } of inputs)
    if (!known.has(name)) problems.push(`input ${name} is not declared in windlass.yaml`);
  const output = mismatch(
    outputs.find((o) => o.name === model.output),
    model.output,
    ['N'],
  );
  if (output !== undefined) problems.push(output);
  const shown = [...inputs, ...outputs].map((v) => `${v.name} ${v.elementType} ${text(v.shape)}`);
  return gate('onnx-signature', problems.length === 0, {
    observed: problems.length === 0 ? 'as declared' : problems.join('; '),
    threshold: 'as declared in windlass.yaml',
    n: inputs.length + outputs.length,
    evidence: { values: shown },
    reason: problems.length === 0 ? 'names, types and shapes are as declared' : problems.join('; '),
  });
}

function sizeGate({ bytes }: ModelStructure, { gates }: Spec): GateResult {
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
export function structureGates(structure: ModelStructure, spec: Spec): GateResult[] {
  return [
    sizeGate(structure, spec),
    opsetGate(structure, spec),
    domainGate(structure),
    externalGate(structure),
    plainGate(structure),
    signatureGate(structure, spec),
  ];
}
