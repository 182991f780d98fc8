import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { waitFor } from '../../../../src/base/wait-for.ts';
import { workflowIds, WORKFLOWS } from '../../../../src/contracts/names.ts';
import type { Bench } from '../bench.ts';
import type { HistoryKeeper } from '../keep-history.ts';
import { QUICK } from '../quick-rollout.ts';
import { ends } from '../steer.ts';

/** Builds that search, deploy, fail or are cancelled, and the trials of a search. */
export async function recordBuilds(bench: Bench, keeper: HistoryKeeper): Promise<void> {
  const tiny = await bench.tiny();
  const { project, data } = tiny;
  await keeper.keep('build-and-train.searched', tiny.build);
  const trial = (n: number) => ({ workflowId: workflowIds.trial('tiny', tiny.build.firstExecutionRunId, n) });
  await keeper.keep('train-trial.completed', trial(1));
  await keeper.keep('train-trial.failed', trial(2));

  const refused = await bench.start(WORKFLOWS.buildAndTrain, 'build-refused', { project, data: 7 });
  await ends(refused, 'FAILED');
  await keeper.keep('build-and-train.refused', refused);
  const failed = await bench.start(WORKFLOWS.buildAndTrain, 'build-failed', {
    project,
    data,
    params: { fault: 'exit' },
  });
  await ends(failed, 'FAILED');
  await keeper.keep('build-and-train.failed', failed);

  const waitFolder = join(bench.folder, 'wait');
  mkdirSync(waitFolder);
  const params = { waitFolder };
  const cancelled = await bench.start(WORKFLOWS.buildAndTrain, 'build-cancelled', { project, data, params });
  await waitFor(() => readdirSync(waitFolder).length > 0, { timeoutMs: 60_000 });
  await keeper.keep('build-and-train.open', cancelled);
  await cancelled.cancel();
  await ends(cancelled, 'CANCELLED');
  await keeper.keep('build-and-train.cancelled', cancelled);

  const deployed = await bench.start(WORKFLOWS.buildAndTrain, 'build-deployed', {
    project,
    data,
    params: { ballast: 4000 },
    optimise: { candidates: ['graph'], prefer: 'size' },
    deploy: { policy: 'auto', rollout: QUICK },
  });
  await deployed.result();
  await keeper.keep('build-and-train.deployed', deployed);

  const again = await bench.start(WORKFLOWS.reproduceModel, 'reproduce', { model: 'tiny@2' });
  await again.result();
  await keeper.keep('reproduce-model.completed', again);
  const unknown = await bench.start(WORKFLOWS.reproduceModel, 'reproduce-unknown', { model: 'tiny@99' });
  await ends(unknown, 'FAILED');
  await keeper.keep('reproduce-model.failed', unknown);
}

/** A model file that comes with everything, and one of which nothing else is known. */
export async function recordImports(bench: Bench, keeper: HistoryKeeper): Promise<void> {
  const { project, data } = await bench.tiny();
  const { registry, artefacts } = bench.context;
  const model = await registry.model('tiny', '1');
  if (model === undefined) throw new Error('there is no tiny@1');
  const [file, golden] = [join(bench.folder, 'gift.onnx'), join(bench.folder, 'gift.json')];
  writeFileSync(file, await artefacts.read(model.onnx.digest));
  writeFileSync(golden, await artefacts.read(model.golden.digest));
  const whole = await bench.start(WORKFLOWS.importModel, 'import', {
    file,
    golden,
    project,
    data,
    name: 'gift',
  });
  await whole.result();
  await keeper.keep('import-model.completed', whole);
  const bare = await bench.start(WORKFLOWS.importModel, 'import-bare', { file, name: 'stray' });
  await bare.result();
  await keeper.keep('import-model.bare', bare);
  const missing = await bench.start(WORKFLOWS.importModel, 'import-missing', {
    file: join(bench.folder, 'nowhere.onnx'),
    name: 'stray',
  });
  await ends(missing, 'FAILED');
  await keeper.keep('import-model.failed', missing);
}
