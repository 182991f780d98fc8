import type { WorkflowHandle } from '@temporalio/client';
import type { BuildInput, BuildResult } from '../../../contracts/build/build.ts';
import type { DeployInput, DeployResult } from '../../../contracts/packaging/deploy.ts';
import type { GateResult } from '../../../contracts/gate.ts';
import type { MonitorInput, MonitorResult } from '../../../contracts/monitoring/monitor.ts';
import { WORKFLOWS } from '../../../contracts/names.ts';
import { runWorkflow, type RunWorkflowOptions } from '../../shared/run-workflow.ts';
import { actWorkflow } from './follow.ts';
import { MODEL, ROLLOUT, type Stage } from './stage.ts';
import type { ActName, ActReport, ActWorkflow } from './summary.ts';
import { messageOf } from '../../../base/error-message.ts';

/** What an act leaves for the summary; `checks` are the facts that make it ok. */
export interface ActOutcome {
  readonly handles: readonly WorkflowHandle[];
  readonly model: ActReport['model'];
  readonly image?: ActReport['image'];
  readonly gates: readonly GateResult[];
  readonly rings?: ActReport['rings'];
  readonly checks: ReadonlyArray<readonly [holds: boolean, fact: string]>;
}

/** An act that could not be played to its end: its error is what the summary says of it. */
function broken(error: unknown): ActOutcome {
  const why = messageOf(error);
  return { handles: [], model: null, gates: [], checks: [[false, why]] };
}

/**
 * Runs one act, says what it found, and reports it; a failed check or an error makes the act not
 * ok.
 */
export async function runAct(
  stage: Stage,
  { name, title }: { readonly name: ActName; readonly title: string },
  play: () => Promise<ActOutcome>,
): Promise<ActReport> {
  stage.say(`\n${title}`);
  const startedAt = performance.now();
  const outcome = await play().catch((error: unknown) => {
    if (stage.signal.aborted) throw error;
    return broken(error);
  });
  const workflows: ActWorkflow[] = await Promise.all(outcome.handles.map(actWorkflow));
  const notes = outcome.checks.map(([holds, fact]) => `${holds ? '✓' : '✗'} ${fact}`);
  for (const note of notes) stage.say(`  ${note}`);
  return {
    name,
    ok: outcome.checks.every(([holds]) => holds),
    seconds: Math.round((performance.now() - startedAt) / 100) / 10,
    workflows,
    model: outcome.model,
    ...(outcome.image === undefined
      ? {}
      : { image: { digest: outcome.image.digest, mode: outcome.image.mode } }),
    gates: outcome.gates,
    rings: outcome.rings,
    notes,
  };
}

/** A pipeline's handle and result, once it has ended; each step is told as it ends. */
export interface Played<R> {
  readonly handle: WorkflowHandle;
  readonly result: R;
}

async function play<R>(stage: Stage, options: RunWorkflowOptions): Promise<Played<R>> {
  const { workflowId, result } = await runWorkflow<R>(stage.cli, stage.client, options);
  return { handle: stage.client.workflow.getHandle(workflowId), result };
}

export function build(stage: Stage, workflowId: string, input: BuildInput): Promise<Played<BuildResult>> {
  const summary = `build ${MODEL}: ${input.reason ?? ''}`;
  return play(stage, { workflow: WORKFLOWS.buildAndTrain, workflowId, input, summary });
}

export function deploy(stage: Stage, workflowId: string, input: DeployInput): Promise<Played<DeployResult>> {
  const summary = `deploy ${input.model ?? MODEL}: ${input.reason ?? ''}`;
  const rollout = { ...ROLLOUT, seed: stage.seed };
  return play(stage, {
    workflow: WORKFLOWS.packageAndDeploy,
    workflowId,
    input: { rollout, ...input },
    summary,
  });
}

export function monitor(
  stage: Stage,
  workflowId: string,
  input: MonitorInput,
): Promise<Played<MonitorResult>> {
  return play(stage, {
    workflow: WORKFLOWS.monitorAndRetrain,
    workflowId,
    input,
    summary: `monitor ${MODEL}`,
  });
}

/**
 * Devices by the version that their module attests, read from their twins: "1" → 54, "none" → 6.
 */
export async function attestedVersions(stage: Stage): Promise<Record<string, number>> {
  const devices = await stage.hub.listDevices('');
  const evidence = await stage.hub.readEvidence(devices.map((d) => d.deviceId));
  const versions = evidence.map((e) =>
    e.attestation?.golden.match === true ? e.attestation.model.version : 'none',
  );
  return Object.fromEntries(
    [...Map.groupBy(versions, (v) => v)].map(([version, all]) => [version, all.length]),
  );
}

export const passed = (gates: readonly GateResult[]): boolean =>
  gates.length > 0 && gates.every((g) => g.status === 'pass' || g.status === 'warn');
