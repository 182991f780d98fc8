import { DATA_GATE_DEFAULTS } from '../../contracts/data/data-gates.ts';
import type { DataGateSettings } from '../../contracts/data/data-gates.ts';
import type { ProjectSpec } from '../../contracts/project/project.ts';

/**
 * The thresholds of the data gates: those of windlass.yaml, and the defaults where it says nothing.
 */
export function dataGateSettings(spec: Pick<ProjectSpec, 'data'>): DataGateSettings {
  const given = Object.entries(spec.data.gates ?? {}).filter(([, value]) => value !== undefined);
  return { ...DATA_GATE_DEFAULTS, ...Object.fromEntries(given) };
}
