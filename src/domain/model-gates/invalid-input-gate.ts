import type { GateResult } from '../../contracts/gate.ts';
import type { InvalidInput, ModelBehaviour, ProbeOutcome } from '../../contracts/model/model-behaviour.ts';
import { gate } from '../gates/build.ts';

const INVALID_INPUTS: readonly InvalidInput[] = ['nan', 'infinite', 'extreme', 'empty'];
const WORDS: Readonly<Record<InvalidInput, string>> = {
  nan: 'NaN',
  infinite: 'infinity',
  extreme: '±3e38',
  empty: 'no rows',
};

function describe(kind: InvalidInput, { rows, invalid, alarm, healthy, error }: ProbeOutcome): string {
  if (error !== undefined) return `${WORDS[kind]}: refused`;
  if (rows === 0) return `${WORDS[kind]}: no scores`;
  const parts = Object.entries({ invalid, alarm, healthy }).filter(([, n]) => n > 0);
  return `${WORDS[kind]}: ${parts.map(([what, n]) => `${n} ${what}`).join(', ')}`;
}

/**
 * States what the model answers to readings that no working sensor sends. A score that is not
 * finite is "invalid", never "healthy"; a finite score below the threshold for NaN or infinity lets
 * a dead sensor look healthy, and warns.
 */
export function invalidInputGate(outcomes: ModelBehaviour['invalidInputs']): GateResult {
  const probed = INVALID_INPUTS.map((kind) => outcomes[kind]);
  const masked = outcomes.nan.healthy + outcomes.infinite.healthy;
  const said = INVALID_INPUTS.map((kind) => describe(kind, outcomes[kind])).join('; ');
  return gate('invalid-input', masked === 0 ? 'pass' : 'warn', {
    observed: masked,
    threshold: 0,
    n: probed.reduce((n, p) => n + p.rows, 0),
    evidence: { ...outcomes },
    reason:
      masked === 0
        ? said
        : `${masked} rows with NaN or infinity look healthy: let the model answer NaN, or the entry script refuse such rows (${said})`,
  });
}
