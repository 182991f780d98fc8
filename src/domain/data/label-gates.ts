import type { GateResult } from '../../contracts/gate.ts';
import type { ProjectSpec } from '../../contracts/project/project.ts';
import type { FileFacts } from './file-facts.ts';
import type { Sample } from './findings.ts';
import { complaintEvidence, complaintGate, complaintList, totalRows } from './gate-parts.ts';
import { dataGateSettings } from './settings.ts';
import { finePercent } from '../../base/percent.ts';
import { gate } from '../gates/build.ts';

const NONE: { count: number; samples: Sample[] } = { count: 0, samples: [] };

/**
 * Are labels 0 or 1, are both there to judge a model by, and is each calibration stretch healthy
 * and of one kind?
 */
export function labelGates(readable: readonly FileFacts[], spec: ProjectSpec): GateResult[] {
  const { label } = spec.data;
  const missing = readable.reduce((sum, { table }) => sum + (table?.missingLabels ?? 0), 0);
  return [
    complaintGate(readable, {
      name: 'labels',
      what: `values of "${label}" are neither 0 nor 1${missing === 0 ? '' : ` (${missing} of them missing)`}`,
      complain: ({ table }) => table?.findings.badLabels ?? NONE,
      pass: `every value of "${label}" is 0 or 1`,
    }),
    bothClasses(readable, label),
    complaintGate(readable, {
      name: 'label-balance',
      what: 'scored files are labelled as anomaly from the first scored row to the last',
      complain: ({ file, labels }) =>
        file.fold !== null && labels !== null && labels.positives > 0 && labels.negatives <= 0
          ? { count: 1, samples: [{ line: 0, text: `all ${labels.positives} rows` }] }
          : NONE,
      status: 'warn',
      pass: 'no scored file is all anomaly',
      hint: 'Files labelled as a whole tell a model which file it sees, not which state',
    }),
    cleanBaseline(readable, spec),
    steadyBaseline(readable, spec),
  ];
}

function bothClasses(readable: readonly FileFacts[], label: string): GateResult {
  const scored = readable.filter((f) => f.file.fold !== null && f.labels !== null);
  const positives = scored.reduce((sum, f) => sum + (f.labels?.positives ?? 0), 0);
  const negatives = scored.reduce((sum, f) => sum + (f.labels?.negatives ?? 0), 0);
  const n = positives + negatives;
  const ok = positives > 0 && negatives > 0;
  return gate('label-classes', ok, {
    n,
    observed: `${positives} anomalous, ${negatives} healthy`,
    threshold: 'at least one of each',
    reason: ok
      ? `${finePercent(positives / n)} of the scored rows are labelled as anomaly`
      : `the scored rows need both values of "${label}": there are ${positives} ones and ${negatives} zeros`,
  });
}

function cleanBaseline(readable: readonly FileFacts[], spec: ProjectSpec): GateResult {
  const name = 'clean-baseline';
  const calibrationRows = spec.model.calibration.rows;
  const threshold = dataGateSettings(spec).contaminationShare;
  const shares = readable
    .map((f) => {
      const count = f.labels?.positivesInCalibration ?? 0;
      const share = count / Math.max(1, Math.min(calibrationRows, f.file.rows));
      const text = `${count} of the first ${calibrationRows} rows (${finePercent(share)})`;
      const line = f.labels?.firstInCalibration ?? 0;
      return {
        path: f.file.path,
        count,
        share,
        samples: [{ line, column: spec.data.label, value: 1, text }],
      };
    })
    .filter((f) => f.count > 0)
    .sort((a, b) => b.share - a.share);
  const observed = shares[0]?.share ?? 0;
  return gate(name, observed > threshold ? 'fail' : observed > 0 ? 'warn' : 'pass', {
    observed,
    threshold,
    n: totalRows(readable),
    ...(shares.length === 0 ? {} : { evidence: complaintEvidence(shares) }),
    reason:
      shares.length === 0
        ? `no anomaly is labelled within the first ${calibrationRows} rows of a file`
        : `rows that a pump is calibrated with are labelled as anomaly in ${complaintList(shares)}`,
  });
}

/**
 * Contamination that nobody labelled: calibration rows far from the others, or a quarter of them in
 * another place.
 */
function steadyBaseline(readable: readonly FileFacts[], spec: ProjectSpec): GateResult {
  const calibrationRows = spec.model.calibration.rows;
  const { baselineOutlierShare } = dataGateSettings(spec);
  return complaintGate(readable, {
    name: 'steady-baseline',
    what: `of the first ${calibrationRows} rows differ from the rest of them`,
    complain: ({ baseline, file }) => {
      if (baseline === null) return NONE;
      const { outliers, shifts } = baseline;
      const many = outliers.count > baselineOutlierShare * Math.min(file.rows, calibrationRows);
      const quarter = Math.floor(Math.min(file.rows, calibrationRows) / 4);
      return {
        count: (many ? outliers.count : 0) + (shifts.count > 0 ? quarter : 0),
        samples: [...shifts.samples, ...(many ? outliers.samples : [])].slice(0, 5),
      };
    },
    status: 'warn',
    pass: `the first ${calibrationRows} rows of each file are of one kind`,
    hint: 'They fit the calibration: leave out starting up, stops and faults',
  });
}
