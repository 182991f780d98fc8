import type { GateResult } from '../../contracts/gate.ts';
import type { ProjectSpec } from '../../contracts/project/project.ts';
import type { FileFacts } from './file-facts.ts';
import { complaintList } from './gate-parts.ts';
import { gate } from '../gates/build.ts';

/** Is there enough, and is what is held out really unseen? */
export function splitGates(facts: readonly FileFacts[], spec: ProjectSpec): GateResult[] {
  return [enoughRows(facts, spec), groupsPerFold(facts, spec), distinctFiles(facts)];
}

function enoughRows(facts: readonly FileFacts[], spec: ProjectSpec): GateResult {
  const { window } = spec.model;
  const calibrationRows = spec.model.calibration.rows;
  const threshold = calibrationRows + window;
  const short = facts
    .filter((f) => f.file.rows < threshold)
    .map((f) => ({
      path: f.file.path,
      scored: f.file.fold !== null,
      rows: f.file.rows,
      samples: [{ text: `${f.file.rows} rows` }],
    }));
  const observed = facts.reduce((least, f) => Math.min(least, f.file.rows), Infinity);
  // A file without any row is a mistake, also when it would only train.
  const useless = short.some((f) => f.scored || f.rows === 0) || short.length === facts.length;
  const status = useless ? 'fail' : 'warn';
  return gate('enough-rows', short.length === 0 ? 'pass' : status, {
    observed: Number.isFinite(observed) ? observed : 0,
    threshold,
    n: facts.length,
    ...(short.length === 0
      ? {}
      : {
          evidence: {
            files: short.slice(0, 5).map(({ path, rows }) => ({ path, rows })),
            filesAffected: short.length,
          },
        }),
    reason:
      short.length === 0
        ? `every file has at least ${threshold} rows (${calibrationRows} to calibrate and a window of ${window})`
        : `fewer than ${threshold} rows (${calibrationRows} to calibrate and a window of ${window}) in ${complaintList(short)}`,
  });
}

function groupsPerFold(facts: readonly FileFacts[], spec: ProjectSpec): GateResult {
  const { folds } = spec.evaluation;
  const groups = Array.from({ length: folds }, (_, fold) => facts.filter((f) => f.file.fold === fold).length);
  const empty = groups.flatMap((count, fold) => (count === 0 ? [fold] : []));
  const scored = groups.reduce((sum, count) => sum + count, 0);
  const include = spec.evaluation.include.map((prefix) => `"${prefix}"`).join(', ');
  const which = include === '' ? 'labelled files' : `labelled files below ${include}`;
  return gate('groups-per-fold', empty.length === 0 ? 'pass' : scored === 0 ? 'insufficient' : 'fail', {
    observed: Math.min(...groups),
    threshold: 1,
    n: scored,
    evidence: { groupsPerFold: groups },
    reason:
      empty.length === 0
        ? `${scored} ${which} in ${folds} folds`
        : scored === 0
          ? `there are no ${which}, so no version can be judged`
          : `fold ${empty.join(', ')} of ${folds} has no file among the ${scored} ${which}: add files, or lower evaluation.folds`,
  });
}

/** The same content under two names would be trained on in one fold and held out in the other. */
function distinctFiles(facts: readonly FileFacts[]): GateResult {
  const byContent = new Map<string, string[]>();
  for (const { file } of facts.filter((f) => f.file.sha256 !== ''))
    byContent.set(file.sha256, [...(byContent.get(file.sha256) ?? []), file.path]);
  const copies = [...byContent.values()].filter((paths) => paths.length > 1);
  const observed = copies.reduce((sum, paths) => sum + paths.length - 1, 0);
  return gate('distinct-files', observed === 0, {
    observed,
    threshold: 0,
    n: facts.length,
    ...(observed === 0 ? {} : { evidence: { copies: copies.slice(0, 5) } }),
    reason:
      observed === 0
        ? 'no two files have the same content'
        : `the same content under several names: ${copies
            .slice(0, 3)
            .map((paths) => paths.join(' = '))
            .join('; ')}`,
  });
}
