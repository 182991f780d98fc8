import { ALIASES } from '../../../contracts/names.ts';
import { build, passed, type ActOutcome } from './acts.ts';
import { MODEL, writeData, type Stage } from './stage.ts';

const PUMPS = 24;

/**
 * Act 1: the first version is trained on simulated measurements, passes its gates, and is the
 * champion.
 */
export async function actTrain(stage: Stage): Promise<ActOutcome> {
  await writeData(stage.data, { pumps: PUMPS, first: 1, seed: stage.seed, regime: 'nominal' });
  const { handle, result } = await build(stage, 'demo-train', {
    project: stage.project,
    data: stage.data,
    actor: 'data-scientist',
    reason: 'first version',
  });
  const { model, metrics } = result;
  const stored = await stage.registry.model(MODEL, ALIASES.champion);
  return {
    handles: [handle],
    model,
    gates: result.gates,
    checks: [
      [passed(result.gates), `${result.gates.length} gates passed`],
      [
        metrics.f1 > metrics.alwaysAlarmF1,
        `F1 ${metrics.f1.toFixed(3)} on pumps it never saw (always-alarm ${metrics.alwaysAlarmF1.toFixed(3)})`,
      ],
      [result.comparison.verdict === 'NO_BASELINE', `comparison: ${result.comparison.reason}`],
      [stored?.digest === model.digest, `${MODEL}@${model.version} is registered and champion`],
    ],
  };
}
