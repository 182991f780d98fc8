import type { GateResult } from '../../contracts/gate.ts';
import { gate } from '../gates/build.ts';
import type { ModelStructure, ModelValue } from '../../contracts/model/model-structure.ts';

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

/**
 * The columns that a model file states of itself; undefined when it states none, or no list of
 * names.
 */
export function statedColumns({ metadata }: Pick<ModelStructure, 'metadata'>): readonly string[] | undefined {
  try {
    const value: unknown = JSON.parse(metadata[COLUMNS_KEY] ?? 'null');
    return Array.isArray(value) && value.every((v) => typeof v === 'string') ? value : undefined;
  } catch {
    return undefined;
  }
}

/**
 * The order of the columns that a model file states of itself must be that which it is judged and
 * served with: two columns exchanged give scores that look sound. `digest` is the digest of
 * signatureOf(); it is kept as evidence.
 */
export function featureOrderGate(
  structure: Pick<ModelStructure, 'metadata'>,
  columns: readonly string[],
  digest: string,
): GateResult {
  const text = structure.metadata[COLUMNS_KEY];
  const base = { threshold: 'as declared', n: columns.length };
  const evidence = { signature: digest, columns };
  if (text === undefined)
    return gate('feature-order', 'pass', {
      ...base,
      observed: 'not stated in the file',
      evidence,
      reason: `the order in which it is judged is recorded; a model can state its own as metadata "${COLUMNS_KEY}"`,
    });
  const own = statedColumns(structure);
  const at = columns.findIndex((name, i) => own?.[i] !== name);
  const ok = own?.length === columns.length && at === -1;
  const reason = ok
    ? 'the model states the same columns in the same order'
    : own === undefined
      ? `the metadata "${COLUMNS_KEY}" is no JSON list of names`
      : at === -1
        ? `the model states ${own.length} columns, ${columns.length} are declared`
        : `column ${at + 1} is "${own[at] ?? 'none'}" in the model and declared as "${columns[at] ?? ''}"`;
  return gate('feature-order', ok, {
    ...base,
    observed: ok ? 'as declared' : reason,
    evidence: { ...evidence, stated: own ?? text },
    reason,
  });
}
