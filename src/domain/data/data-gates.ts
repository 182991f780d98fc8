import type { AdjustableDataGate } from '../../contracts/data/data-gates.ts';
import type { GateResult } from '../../contracts/gate.ts';
import type { ProjectSpec } from '../../contracts/project/project.ts';
import type { FileFacts } from './file-facts.ts';
import { labelGates } from './label-gates.ts';
import { leakageGates } from './leakage-gates.ts';
import { dataGateSettings } from './settings.ts';
import { splitGates } from './split-gates.ts';
import { structureGates } from './structure-gates.ts';
import { timeGates } from './time-gates.ts';
import { valueGates } from './value-gates.ts';

/**
 * The verdicts on a data set: can it be read, are times and values believable, can a model be
 * judged with it. `now` (ms since
 * 1970) tells times that lie in the future.
 */
export function dataGates(facts: readonly FileFacts[], spec: ProjectSpec, now: number): GateResult[] {
  const readable = facts.filter((f) => f.table !== null);
  const { levels } = dataGateSettings(spec);
  return [
    ...structureGates(facts, spec),
    ...timeGates(readable, spec, now),
    ...valueGates(readable, spec),
    ...labelGates(readable, spec),
    ...splitGates(facts, spec),
    ...leakageGates(readable, spec),
  ].map((gate) => {
    const level = levels[gate.name as AdjustableDataGate];
    return level === undefined || gate.status === 'pass' ? gate : { ...gate, status: level };
  });
}
