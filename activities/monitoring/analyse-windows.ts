import { activityInfo } from '@temporalio/activity';
import { ALIASES } from '../../src/contracts/names.ts';
import type { ArtefactRef } from '../../src/contracts/artefact.ts';
import type { MonitorReport, ResolvedMonitorInput } from '../../src/contracts/monitoring/monitor.ts';
import {
  monitoringBaselineSchema,
  type MonitoringBaseline,
} from '../../src/contracts/device/window-summary.ts';
import { analyse, isConclusive, type Analysis } from '../../src/domain/monitoring/analyse.ts';
import { WindlassError } from '../../src/errors/windlass-error.ts';
import type { ArtefactStore } from '../../src/ports/artefact-store.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type { MonitorStore, StoredReport } from '../../src/ports/monitor-store.ts';
import type { ModelVersions } from '../../src/ports/registry/model-versions.ts';
import type { PipelineRegistry } from '../../src/ports/registry/pipelines.ts';
import type { RunIdentity } from '../../src/contracts/build/source.ts';

export interface AnalyseDeps {
  readonly store: MonitorStore;
  readonly registry: Pick<ModelVersions, 'model'> & Pick<PipelineRegistry, 'pipeline'>;
  readonly artefacts: ArtefactStore;
  readonly clock: Clock;
  /** The report as a self-contained HTML page. */
  readonly renderReport: (analysis: Analysis, baseline: MonitoringBaseline) => string;
}

export interface AnalysedModel {
  readonly report: MonitorReport;
  readonly html: ArtefactRef;
  readonly json: ArtefactRef;
  /** The published pipeline and the data that a retrain goes on with. */
  readonly pipeline: string;
  readonly dataSource: string;
}

function currentRun(): RunIdentity {
  const run = activityInfo().workflowExecution;
  if (run === undefined) throw new WindlassError('INTERNAL', 'a report belongs to a workflow run');
  return { workflowId: run.workflowId, runId: run.runId };
}

async function subject(registry: AnalyseDeps['registry'], model: string) {
  const champion = await registry.model(model, ALIASES.champion);
  if (champion === undefined)
    throw new WindlassError(
      'NOT_FOUND',
      `model ${model} has no champion: there is nothing in production to monitor`,
      {
        hint: 'Train and register a version first, e.g. `windlass train --project … --data …`.',
      },
    );

  const { name, version } = champion.pipeline;
  const pipeline = await registry.pipeline(name, version);
  if (pipeline === undefined)
    throw new WindlassError('INTERNAL', `pipeline ${name}@${version} of ${model} is not in the registry`);
  return { champion, pipeline };
}

/** The report asked for, with the decision that an explicit request makes. */
function forced(
  report: MonitorReport,
  input: Pick<ResolvedMonitorInput, 'force' | 'reason' | 'actor'>,
): MonitorReport {
  if (!input.force) return report;
  const why = input.reason === '' ? '' : ` (${input.reason})`;
  const arithmetic = [...report.arithmetic, `${input.actor} asked for a retrain${why}: retrain`];
  return { ...report, decision: 'retrain', arithmetic };
}

async function storedRef(artefacts: ArtefactStore, digest: string, mediaType: string): Promise<ArtefactRef> {
  return { digest, size: (await artefacts.read(digest)).length, mediaType };
}

/**
 * Judges the champion's device windows since its last report, and keeps the report as HTML and
 * JSON; once per run.
 */
export async function analyseWindows(deps: AnalyseDeps, input: ResolvedMonitorInput): Promise<AnalysedModel> {
  const { champion, pipeline } = await subject(deps.registry, input.model);
  const run = currentRun();
  const result = async (stored: StoredReport): Promise<AnalysedModel> => ({
    report: stored.report,
    html: await storedRef(deps.artefacts, stored.html, 'text/html'),
    json: await storedRef(deps.artefacts, stored.json, 'application/json'),
    pipeline: `${pipeline.name}@${pipeline.version}`,
    dataSource: champion.data.source,
  });
  const done = await deps.store.reportOfRun(run);
  if (done !== undefined) return result(done);

  const baselineJson: unknown = JSON.parse(
    (await deps.artefacts.read(champion.baseline.digest)).toString('utf8'),
  );
  const baseline = monitoringBaselineSchema.parse(baselineJson);
  const policy = {
    ...pipeline.spec.monitoring,
    retrainOn: input.retrainOn ?? pipeline.spec.monitoring.retrainOn,
  };
  const earlier = await deps.store.reports({
    model: input.model,
    version: champion.version,
    limit: policy.m,
  });
  const conclusive = earlier.filter((r) => isConclusive(r.report));
  const lastRetrain = await deps.store.lastRetrain(input.model);
  const of = { digest: champion.digest, baseline: champion.baseline.digest };
  const { windows, mark } = await deps.store.windowsSinceReport(of);
  const judged = analyse({
    model: input.model,
    version: champion.version,
    windows,
    baseline,
    policy,
    threshold: pipeline.spec.model.threshold,
    earlierDrift: conclusive.map((r) => r.drift),
    secondsSinceLastRetrain:
      lastRetrain === null ? null : (deps.clock.now().getTime() - lastRetrain.getTime()) / 1000,
  });
  const report = forced(judged.report, input);
  const html = await deps.artefacts.put(deps.renderReport({ ...judged, report }, baseline), 'text/html');
  const json = await deps.artefacts.put(JSON.stringify(report), 'application/json');
  const stored = await deps.store.saveReport(
    {
      ...run,
      model: input.model,
      version: champion.version,
      drift: judged.drift,
      report,
      html: html.digest,
      json: json.digest,
    },
    { ...of, upTo: judged.conclusive ? mark : null },
  );
  return result(stored);
}
