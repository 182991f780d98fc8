import { fitMeanStd, type Calibration, type GroupRows } from '../../src/domain/evaluation/group-rows.ts';
import { WindlassError } from '../../src/errors/windlass-error.ts';
import type { ProjectCode } from '../environment/environment-activities.ts';
import { runCalibrateCommand, type CalibrateDeps, type CalibrateHooks } from './run-calibrate-command.ts';

/**
 * Fits the calibration of each group on its first rows, as windlass.yaml says: built in, or all
 * groups by one run of the project's command. Throws DATA_INVALID when a column has no reading
 * there, CALIBRATION_FAILED when the command fails.
 */
export async function calibrateGroups<G extends { readonly data: GroupRows }>(
  deps: CalibrateDeps,
  given: { readonly code: ProjectCode; readonly groups: readonly G[] },
  hooks: CalibrateHooks,
): Promise<Array<G & { readonly calibration: Calibration }>> {
  const { code, groups } = given;
  const { calibration } = code.spec.model;
  const columns = code.spec.data.columns.length;
  const fitted = groups.map((group) => {
    const meanStd = fitMeanStd(group.data.values, columns, Math.min(group.data.rows, calibration.rows));
    if (meanStd === undefined)
      throw new WindlassError(
        'DATA_INVALID',
        `${group.data.group}: a column has no reading in its first ${calibration.rows} rows, so the pump cannot be calibrated.`,
      );
    return { group, meanStd };
  });
  const tensors =
    calibration.fit === 'mean-std'
      ? fitted.map(({ meanStd }) => ({
          [calibration.mean]: meanStd.mean,
          [calibration.std]: meanStd.std,
        }))
      : await runCalibrateCommand(deps, { code, calibration, groups: groups.map((g) => g.data) }, hooks);
  return fitted.map(({ group, meanStd }, i) => ({
    ...group,
    calibration: { ...meanStd, tensors: tensors[i] ?? {} },
  }));
}
