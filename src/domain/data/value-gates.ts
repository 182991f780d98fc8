import type { GateResult } from '../../contracts/gate.ts';
import type { ProjectSpec } from '../../contracts/project/project.ts';
import type { FileFacts } from './file-facts.ts';
import { complaintEvidence, complaintGate, complaintList, totalRows } from './gate-parts.ts';
import { dataGateSettings } from './settings.ts';
import { finePercent } from '../../base/percent.ts';
import { gate } from '../gates/build.ts';

const NONE = { count: 0, samples: [] };

/** Are the readings numbers, present, in the range that a working sensor can give, and alive? */
export function valueGates(readable: readonly FileFacts[], spec: ProjectSpec): GateResult[] {
  const { stuckRows } = dataGateSettings(spec);
  const stuck = stuckRows > 0 ? `${stuckRows} rows or more` : 'a minute of rows or a whole window';
  return [
    complaintGate(readable, {
      name: 'numeric-values',
      what: 'readings are not numbers',
      complain: ({ table }) => table?.findings.notNumbers ?? NONE,
      pass: 'every reading is a number',
      hint: 'Numbers are written with a decimal point, without thousands separators or units',
    }),
    complaintGate(readable, {
      name: 'finite-values',
      what: 'readings are infinite',
      complain: ({ table }) => table?.findings.infinite ?? NONE,
      pass: 'every reading is finite',
    }),
    missingValues(readable, spec.data.maxNullShare),
    valueRanges(readable, spec),
    complaintGate(readable, {
      name: 'stuck-sensors',
      what: `columns keep one value for ${stuck}`,
      complain: ({ stuck }) => ({
        count: stuck.length,
        samples: stuck.map(({ column, value, longest, line }) => {
          return { line, column, value, text: `${column} is ${value} for ${longest} rows from line ${line}` };
        }),
      }),
      status: 'warn',
      pass: 'no sensor is stuck',
    }),
  ];
}

function missingValues(readable: readonly FileFacts[], threshold: number): GateResult {
  const name = 'missing-values';
  const shares = readable
    .map(({ file, table }) => {
      const missing = table?.findings.missing;
      const count = missing?.count ?? 0;
      const rows = Math.max(1, table?.rows ?? 0);
      return { path: file.path, count, share: count / rows, samples: missing?.samples ?? [] };
    })
    .filter((f) => f.count > 0)
    .sort((a, b) => b.share - a.share);
  const observed = shares[0]?.share ?? 0;
  const n = totalRows(readable);
  if (shares.length === 0)
    return gate(name, 'pass', { observed, threshold, n, reason: 'no reading is missing' });
  const over = shares.filter((f) => f.share > threshold);
  return gate(name, over.length > 0 ? 'fail' : 'pass', {
    observed,
    threshold,
    n,
    evidence: complaintEvidence(shares),
    reason:
      over.length > 0
        ? `more than ${finePercent(threshold)} of the rows miss a reading in ${complaintList(over)}`
        : `at most ${finePercent(observed)} of a file's rows miss a reading`,
  });
}

function valueRanges(readable: readonly FileFacts[], spec: ProjectSpec): GateResult {
  const name = 'value-ranges';
  const units = new Map(spec.data.columns.map((column) => [column.name, column]));
  const outside = readable
    .flatMap(({ file, ranges }) =>
      ranges.map((range) => {
        const column = units.get(range.column);
        const text = `${range.column} from ${range.lowest} to ${range.highest}, allowed ${column?.min} to ${column?.max} ${column?.unit}, ${range.count} rows outside (${finePercent(range.share)}), the first in line ${range.line}`;
        return { path: file.path, ...range, samples: [{ ...range, text }] };
      }),
    )
    .sort((a, b) => b.share - a.share);
  const observed = outside[0]?.share ?? 0;
  const n = totalRows(readable);
  const { rangeWarnShare, rangeFailShare } = dataGateSettings(spec);
  const status = observed > rangeFailShare ? 'fail' : observed > rangeWarnShare ? 'warn' : 'pass';
  return gate(name, status, {
    observed,
    n,
    threshold: rangeFailShare,
    ...(outside.length === 0 ? {} : { evidence: complaintEvidence(outside) }),
    reason:
      outside.length === 0
        ? 'every reading is in the range of its sensor'
        : `readings outside the range of the sensor in ${complaintList(outside)}`,
  });
}
