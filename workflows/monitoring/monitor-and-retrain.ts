import { executeChild, proxyActivities, workflowInfo } from '@temporalio/workflow';
import type { AnalysedModel } from '../../activities/monitoring/analyse-windows.ts';
import type { MonitoringActivities } from '../../activities/monitoring/monitoring-activities.ts';
import type { BuildResult } from '../../src/contracts/build/build.ts';
import type {
  MonitorInput,
  MonitorReport,
  MonitorResult,
  ResolvedMonitorInput,
} from '../../src/contracts/monitoring/monitor.ts';
import { TASK_QUEUES, WORKFLOWS } from '../../src/contracts/names.ts';
import type { StepOutput } from '../../src/contracts/progress.ts';
import type { buildAndTrain } from '../build/build-and-train.ts';
import { resolveInput } from '../shared/resolve-input.ts';
import { setSearchAttributes } from '../shared/search-attributes.ts';
import { createSteps } from '../shared/steps.ts';

const { ingestTelemetry } = proxyActivities<MonitoringActivities>({
  taskQueue: TASK_QUEUES.monitoring,
  startToCloseTimeout: '15 minutes',
  heartbeatTimeout: '1 minute',
  summary: 'read the windows that devices sent since the last run',
});
const { analyseWindows } = proxyActivities<MonitoringActivities>({
  taskQueue: TASK_QUEUES.monitoring,
  startToCloseTimeout: '10 minutes',
  summary: 'quality, drift, estimated performance, decision',
});

const headline = (report: MonitorReport): string =>
  [
    `**${report.model}@${report.version}: ${report.decision}**`,
    ...report.arithmetic.map((line) => `- ${line}`),
  ].join('\n');

/**
 * Merges the device windows that arrived since the last report, judges quality, drift and estimated
 * performance, and retrains through the published pipeline when the policy says so.
 */
export async function monitorAndRetrain(raw: MonitorInput = {}): Promise<MonitorResult> {
  const steps = createSteps('Monitor and retrain', ['ingest', 'analyse', 'retrain']);
  const { workflowId, runId } = workflowInfo();
  const input = await resolveInput('monitorAndRetrain', raw);
  setSearchAttributes({ model: input.model, stage: 'monitor' });

  await steps.run('ingest', async () => {
    const found = await ingestTelemetry();
    const rejected = found.rejected === 0 ? '' : `, ${found.rejected} rejected`;
    return { value: found, message: `${found.messages} messages, ${found.windows} new windows${rejected}` };
  });
  const analysed = await steps.run('analyse', async () => {
    const value = await analyseWindows(input);
    const { windows, devices, decision, gates } = value.report;
    return { value, gates, message: `${windows} windows of ${devices} devices: ${decision}` };
  });
  const { report } = analysed;
  steps.headline(headline(report));
  setSearchAttributes({ version: report.version });

  const build =
    report.decision === 'retrain' ? await steps.run('retrain', () => retrain(input, analysed)) : undefined;
  if (build === undefined)
    steps.skip('retrain', report.decision === 'none' ? 'no reason to' : 'a person should look first');
  return {
    workflowId,
    runId,
    report,
    html: analysed.html,
    json: analysed.json,
    decision: report.decision,
    retrain: build === undefined ? null : retrainSummary(build),
    deployment: build?.deployment === undefined ? null : { workflowId: build.deployment.workflowId },
  };
}

/** Builds a new version by the published pipeline, as a child of this run. */
async function retrain(
  input: ResolvedMonitorInput,
  { report, pipeline, dataSource }: AnalysedModel,
): Promise<StepOutput<BuildResult>> {
  const { workflowId, runId } = workflowInfo();
  const { model, deploy, actor } = input;
  const reason = input.reason === '' ? (report.arithmetic.at(-1) ?? 'monitoring') : input.reason;
  const value = await executeChild<typeof buildAndTrain>(WORKFLOWS.buildAndTrain, {
    workflowId: `${workflowId}-retrain-${runId.slice(0, 8)}`,
    args: [{ pipeline, data: input.data ?? dataSource, deploy, actor, reason }],
    staticSummary: `retrain ${model} through ${pipeline}`,
  });
  const { name, version } = value.model;
  return { value, message: `${name}@${version}: ${value.comparison.verdict}` };
}

function retrainSummary(build: BuildResult): NonNullable<MonitorResult['retrain']> {
  const { name, version } = build.model;
  return { workflowId: build.workflowId, model: name, version, verdict: build.comparison.verdict };
}
