import type { GateResult } from '../../contracts/gate.ts';
import type { ProjectSpec } from '../../contracts/project.ts';
import type { FileFacts } from './file-facts.ts';
import { labelGates } from './label-gates.ts';
import { splitGates } from './split-gates.ts';
import { structureGates } from './structure-gates.ts';
import { timeGates } from './time-gates.ts';
import { valueGates } from './value-gates.ts';

/** The verdicts on a data set: can it be read, are times and values believable, can a model be judged with it. */
export function dataGates(facts: readonly FileFacts[], spec: ProjectSpec): GateResult[] {
  const readable = facts.filter((f) => f.table !== null);
  return [
    ...structureGates(facts, spec),
    ...timeGates(readable),
    ...valueGates(readable, spec),
    ...labelGates(readable, spec),
    ...splitGates(facts, spec),
  ];
}
