import type { PackagingActivities } from '../../../activities/packaging/packaging-activities.ts';
import { artefact, packagedImage } from '../../support/registry-fixtures.ts';

/**
 * What the packaging queue answers, without building an image, which takes minutes: it is the
 * workflow's code that is replayed. Versions in `unfit` (`name@version`) fail their container test.
 */
export function createPackagingAnswers(unfit: ReadonlySet<string>): PackagingActivities {
  return {
    assembleImage: ({ model }) => Promise.resolve(packagedImage(`${model.name}@${model.version}`)),
    testImage: ({ model }) =>
      Promise.resolve({
        mode: 'process',
        gates: [
          {
            name: 'start-time',
            status: unfit.has(`${model.name}@${model.version}`) ? 'fail' : 'pass',
            observed: 0.4,
            threshold: 5,
            n: 1,
            reason: 'seconds until the server answered',
          },
        ],
        report: artefact('container test', 'application/json'),
      }),
  };
}
