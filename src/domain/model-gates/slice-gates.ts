import type { SliceResult } from '../../contracts/build/evaluation.ts';
import type { GateResult, GateStatus } from '../../contracts/gate.ts';
import type { SliceSpec } from '../../contracts/project/evaluation.ts';
import { gate } from '../gates/build.ts';

const round = (value: number): number => Number(value.toFixed(4));

/** What of a slice's demands its windows do not meet. */
function violations({ gates }: SliceSpec, r: SliceResult): string[] {
  const { minF1, maxFalseAlarmRate, maxMissedAlarmRate } = gates;
  const over = (what: string, value: number | undefined, limit: number | undefined): string[] =>
    value !== undefined && limit !== undefined && value > limit
      ? [`${r.value}: ${what} ${round(value)} over ${limit}`]
      : [];
  const f1 = r.f1?.value;
  return [
    ...(f1 !== undefined && minF1 !== undefined && f1 < minF1
      ? [`${r.value}: F1 ${round(f1)} below ${minF1}`]
      : []),
    ...over('false alarms', r.falseAlarmRate?.value, maxFalseAlarmRate),
    ...over('missed alarms', r.missedAlarmRate?.value, maxMissedAlarmRate),
  ];
}

/**
 * One gate per declared slice: an expected value that is missing fails it, and so does one with
 * enough windows that misses a demand; one with too few is insufficient where something is demanded
 * of it, else a warning.
 */
export function sliceGates(results: readonly SliceResult[], slices: readonly SliceSpec[]): GateResult[] {
  return slices.map((slice): GateResult => {
    const own = results.filter((r) => r.slice === slice.name);
    const judged = own.filter((r) => r.status === 'judged');
    const missing = own.filter((r) => r.status === 'missing');
    const few = own.filter((r) => r.status === 'insufficient');
    const broken = judged.flatMap((r) => violations(slice, r));
    const demanding = Object.values(slice.gates).some((limit) => limit !== undefined);
    const status: GateStatus =
      missing.length + broken.length > 0
        ? 'fail'
        : few.length > 0 || own.length === 0
          ? demanding
            ? 'insufficient'
            : 'warn'
          : 'pass';
    const worst = Math.min(...judged.map((r) => r.f1?.value ?? Infinity));
    const said = [
      ...missing.map((r) => `${r.value}: expected, and not in the data`),
      ...broken,
      ...few.map(
        (r) =>
          `${r.value}: too few (${r.rows} windows of ${r.groups} groups; ${slice.minWindows} of each class and ${slice.minGroups} groups needed)`,
      ),
    ];
    return gate(`slice-${slice.name}`, status, {
      observed: Number.isFinite(worst) ? round(worst) : null,
      threshold: slice.gates.minF1 ?? null,
      n: own.reduce((n, r) => n + r.rows, 0),
      reason:
        said.length > 0
          ? said.join('; ')
          : `${judged.length} slices by ${slice.name} have enough windows; observed is the lowest F1`,
    });
  });
}
