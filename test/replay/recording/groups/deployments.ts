import { WORKFLOWS } from '../../../../src/contracts/names.ts';
import type { Bench } from '../bench.ts';
import type { HistoryKeeper } from '../keep-history.ts';
import { QUICK } from '../quick-rollout.ts';
import { ends } from '../steer.ts';

/** Deployments: with the rollout's progress signals, of the image alone, and refused. */
export async function recordDeployments(bench: Bench, keeper: HistoryKeeper): Promise<void> {
  const { name, version } = await bench.version('deployed');
  const deploy = (id: string, input: object) =>
    bench.start(WORKFLOWS.packageAndDeploy, `deploy-${id}`, { model: `${name}@${version}`, ...input });

  const completed = await deploy('completed', { rollout: QUICK });
  await completed.result();
  await keeper.keep('package-and-deploy.completed', completed);
  const only = await deploy('only', { packageOnly: true });
  await only.result();
  await keeper.keep('package-and-deploy.package-only', only);

  const unfit = await bench.version('unfit');
  bench.unfit.add(`${name}@${unfit.version}`);
  const refused = await deploy('refused', { model: `${name}@${unfit.version}` });
  await ends(refused, 'FAILED');
  await keeper.keep('package-and-deploy.refused', refused);
}
