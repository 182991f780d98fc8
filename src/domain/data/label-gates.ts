import type { GateResult } from '../../contracts/gate.ts';
import type { ProjectSpec } from '../../contracts/project.ts';
import type { FileFacts } from './file-facts.ts';
import { complaintGate, complaintList, percent, totalRows } from './gate-parts.ts';

const NONE = { count: 0, samples: [] };
/** Share of the calibration rows that may be labelled as anomaly before the calibration is worthless. */
const CONTAMINATION_FAIL = 0.05;

/** Are labels 0 or 1, are both there to judge a model by, and is each calibration stretch healthy? */
export function labelGates(readable: readonly FileFacts[], spec: ProjectSpec): GateResult[] {
  const { label } = spec.data;
  return [
    complaintGate(readable, {
      name: 'labels',
      what: `values of "${label}" are neither 0 nor 1`,
      complain: ({ table }) => table?.findings.badLabels ?? NONE,
      pass: `every value of "${label}" is 0 or 1`,
    }),
    bothClasses(readable, label),
    cleanBaseline(readable, spec.model.calibration.rows),
  ];
}

function bothClasses(readable: readonly FileFacts[], label: string): GateResult {
  const name = 'label-classes';
  const scored = readable.filter((f) => f.file.fold !== null && f.labels !== null);
  const positives = scored.reduce((sum, f) => sum + (f.labels?.positives ?? 0), 0);
  const negatives = scored.reduce((sum, f) => sum + (f.labels?.negatives ?? 0), 0);
  const n = positives + negatives;
  const ok = positives > 0 && negatives > 0;
  return {
    ...{ name, n },
    status: ok ? 'pass' : 'fail',
    observed: `${positives} anomalous, ${negatives} healthy`,
    threshold: 'at least one of each',
    reason: ok
      ? `${percent(positives / n)} of the scored rows are labelled as anomaly`
      : `the scored rows need both values of "${label}": there are ${positives} ones and ${negatives} zeros`,
  };
}

function cleanBaseline(readable: readonly FileFacts[], calibrationRows: number): GateResult {
  const name = 'clean-baseline';
  const shares = readable
    .map((f) => {
      const count = f.labels?.positivesInCalibration ?? 0;
      const share = count / Math.max(1, Math.min(calibrationRows, f.file.rows));
      const samples = [`${count} of the first ${calibrationRows} rows (${percent(share)})`];
      return { path: f.file.path, count, share, samples };
    })
    .filter((f) => f.count > 0)
    .sort((a, b) => b.share - a.share);
  const observed = shares[0]?.share ?? 0;
  return {
    ...{ name, observed },
    status: observed > CONTAMINATION_FAIL ? 'fail' : observed > 0 ? 'warn' : 'pass',
    threshold: CONTAMINATION_FAIL,
    n: totalRows(readable),
    ...(shares.length === 0 ? {} : { evidence: { files: shares.slice(0, 5), filesAffected: shares.length } }),
    reason:
      shares.length === 0
        ? `no anomaly is labelled within the first ${calibrationRows} rows of a file`
        : `rows that a pump is calibrated with are labelled as anomaly in ${complaintList(shares)}`,
  };
}
