import type { GateResult } from '../../contracts/gate.ts';
import type { ProjectSpec } from '../../contracts/project.ts';
import type { ModelStructure, ModelValue } from '../../ports/model-runtime.ts';

/** Metadata of a model file that names its columns in order, as a JSON list. */
export const COLUMNS_KEY = 'windlass.columns';

/** What decides which number means what: inputs and outputs in order, and the columns in order. */
export function signatureOf(
  { inputs, outputs }: Pick<ModelStructure, 'inputs' | 'outputs'>,
  columns: readonly string[],
): unknown {
  const plain = ({ name, elementType, shape }: ModelValue) => ({
    name,
    elementType,
    // Symbols are names for people: "N" and "batch" mean the same.
    shape: shape?.map((d) => (typeof d === 'number' ? d : '?')) ?? null,
  });
  return { inputs: inputs.map(plain), outputs: outputs.map(plain), columns };
}

function stated(text: string): readonly string[] | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) && value.every((v) => typeof v === 'string') ? value : undefined;
  } catch {
    return undefined;
  }
}

/**
 * The order of the columns that a model file states of itself must be that of windlass.yaml: two columns exchanged give scores
 * that look sound. `digest` is the digest of signatureOf(); it is kept as evidence.
 */
export function featureOrderGate(
  { metadata }: Pick<ModelStructure, 'metadata'>,
  { data }: Pick<ProjectSpec, 'data'>,
  digest: string,
): GateResult {
  const columns = data.columns.map((c) => c.name);
  const text = metadata[COLUMNS_KEY];
  const base = { name: 'feature-order', threshold: 'as in windlass.yaml', n: columns.length };
  const evidence = { signature: digest, columns };
  if (text === undefined)
    return {
      ...base,
      status: 'pass',
      observed: 'not stated in the file',
      evidence,
      reason: `the columns' order is that of windlass.yaml; a model can state its own as metadata "${COLUMNS_KEY}"`,
    };
  const own = stated(text);
  const at = columns.findIndex((name, i) => own?.[i] !== name);
  const ok = own?.length === columns.length && at === -1;
  const reason = ok
    ? 'the model states the same columns in the same order'
    : own === undefined
      ? `the metadata "${COLUMNS_KEY}" is no JSON list of names`
      : at === -1
        ? `the model states ${own.length} columns, windlass.yaml ${columns.length}`
        : `column ${at + 1} is "${own[at] ?? 'none'}" in the model and "${columns[at] ?? ''}" in windlass.yaml`;
  return {
    ...base,
    status: ok ? 'pass' : 'fail',
    observed: ok ? 'as in windlass.yaml' : reason,
    evidence: { ...evidence, stated: own ?? text },
    reason,
  };
}
