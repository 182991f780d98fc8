import { deleteMonitorSchedule, setMonitorSchedule } from '../../../adapters/temporal/monitor-schedule.ts';
import type { BuildResult } from '../../../contracts/build/build.ts';
import type { DeployResult } from '../../../contracts/packaging/deploy.ts';
import type { MonitorResult } from '../../../contracts/monitoring/monitor.ts';
import { WindlassError } from '../../../errors/windlass-error.ts';
import { followWorkflow } from '../../shared/run-workflow.ts';
import { monitor, passed, type ActOutcome, type Played } from './acts.ts';
import { allAttest, deployed } from './act-rollout.ts';
import { until } from './follow.ts';
import { MODEL, ROLLOUT, writeData, type Stage } from './stage.ts';

const REGIME = 'high-flow';
const SCHEDULE_SECONDS = 8;
const NEW_PUMPS = { pumps: 16, first: 101 };

/**
 * One monitoring run by hand, once devices have sent windows; nothing has happened yet, so it
 * should find nothing.
 */
async function healthyReport(stage: Stage): Promise<Played<MonitorResult>> {
  for (let attempt = 1; ; attempt += 1) {
    const played = await monitor(stage, `demo-monitor-${attempt}`, {
      model: MODEL,
      retrainOn: 'never',
      actor: 'operations',
      reason: 'look at the fleet',
    });
    const { result } = played;
    const judged = result.report?.columns.every((c) => c.status !== 'insufficient') ?? false;
    if (judged || attempt === 6) return played;
    await until(stage, 'windows from the devices', elapsed(5));
  }
}

/** A wait for a number of seconds that shows itself. */
function elapsed(seconds: number) {
  const end = Date.now() + seconds * 1000;
  return {
    read: () => Promise.resolve(end - Date.now()),
    holds: (left: number) => left <= 0,
    seconds: seconds + 5,
  };
}

/**
 * Act 3: pumps change regime; the schedule's runs see drift, retrain on data of the new regime, and
 * roll the result out.
 */
export async function actDrift(stage: Stage, champion: string): Promise<ActOutcome> {
  const healthy = await healthyReport(stage);
  stage.say(`  the first report finds: ${healthy.result.decision}`);
  await stage.fleet.regime(REGIME);
  await writeData(stage.data, { ...NEW_PUMPS, seed: stage.seed, regime: REGIME });
  stage.say(
    `  all pumps change to regime ${REGIME}; ${NEW_PUMPS.pumps} labelled files of it arrive; a schedule monitors every ${SCHEDULE_SECONDS} s`,
  );
  await setMonitorSchedule(
    stage.client,
    {
      model: MODEL,
      data: stage.data,
      deploy: { policy: 'auto', rollout: { ...ROLLOUT, seed: stage.seed } },
    },
    { everySeconds: SCHEDULE_SECONDS, jitterSeconds: 0 },
  );
  try {
    return await play(stage, champion, healthy);
  } finally {
    await deleteMonitorSchedule(stage.client, MODEL).catch(() => undefined);
  }
}

async function play(stage: Stage, champion: string, healthy: Played<MonitorResult>): Promise<ActOutcome> {
  const reports = await until(stage, 'reports of the schedule', {
    read: () => stage.monitor.reports({ model: MODEL, limit: 20 }),
    holds: (all) => all.some((r) => r.report.decision === 'retrain'),
    show: (all) =>
      all
        .map((r) => r.report.decision)
        .toReversed()
        .join(', '),
    seconds: 150,
  });
  const decisive = reports.find((r) => r.report.decision === 'retrain');
  if (decisive === undefined) throw new WindlassError('INTERNAL', 'no report decided to retrain');
  for (const line of decisive.report.arithmetic) stage.say(`    ${line}`);
  const { client } = stage;
  await deleteMonitorSchedule(client, MODEL);
  const decisiveRun = client.workflow.getHandle(decisive.workflowId, decisive.runId);
  const monitored = (await followWorkflow(stage.cli, decisiveRun)) as MonitorResult;
  const { retrain, deployment } = monitored;
  if (retrain === null || deployment === null)
    throw new WindlassError(
      'INTERNAL',
      `the retrain made ${retrain?.verdict ?? 'nothing'} and no deployment`,
      { details: monitored },
    );

  const retraining = client.workflow.getHandle(retrain.workflowId);
  const built = (await retraining.result()) as BuildResult;
  const rollout = client.workflow.getHandle(deployment.workflowId);
  const result = (await followWorkflow(stage.cli, rollout)) as DeployResult;
  const versions = await allAttest(stage, retrain.version, 60);
  const drifted = decisive.report.columns.filter((c) => c.status === 'drift').map((c) => c.column);
  const { comparison } = built;
  return {
    handles: [healthy.handle, decisiveRun, retraining, rollout],
    ...deployed(result),
    gates: [...built.gates, ...result.gates],
    checks: [
      [healthy.result.decision === 'none', `before the change the monitor found: ${healthy.result.decision}`],
      [drifted.length > 0, `drift in ${drifted.join(', ')}`],
      [
        passed(built.gates),
        `retrain through the published pipeline ${built.pipeline.name}@${built.pipeline.version}`,
      ],
      [
        ['SUPERIOR', 'NON_INFERIOR'].includes(comparison.verdict),
        `${MODEL}@${retrain.version} against champion @${champion} on the same rows: ${comparison.verdict}, ${comparison.reason}`,
      ],
      [result.rollout?.outcome === 'completed', `rollout: ${result.rollout?.outcome ?? 'none'}`],
      [
        versions[retrain.version] === stage.devices,
        `${versions[retrain.version] ?? 0} of ${stage.devices} pumps attest ${MODEL}@${retrain.version}`,
      ],
    ],
  };
}
