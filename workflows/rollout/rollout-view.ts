import type { RingVerdict } from '../../src/contracts/rollout/rollout.ts';
import type { PipelineProgress, StepStatus } from '../../src/contracts/progress.ts';
import type { RolloutMemory } from '../../src/domain/rollout/rollout-memory.ts';

const STEP_STATUS: Record<RingVerdict, StepStatus> = {
  pending: 'waiting',
  running: 'running',
  promoted: 'done',
  held: 'running',
  failed: 'failed',
  reverted: 'failed',
  skipped: 'skipped',
};

/** The rings as steps, for the query that every pipeline answers. */
export function rolloutProgress(memory: RolloutMemory, now: number): PipelineProgress {
  return {
    stage: memory.state,
    gates: [],
    steps: memory.rings.map(({ name, verdict, reason, openedAt, decidedAt }) => {
      const end = decidedAt === undefined ? now : Date.parse(decidedAt);
      const seconds = openedAt === undefined ? null : Math.round((end - Date.parse(openedAt)) / 100) / 10;
      return { name, status: STEP_STATUS[verdict], seconds, message: reason };
    }),
  };
}

/** The rollout as markdown for the Temporal UI. */
export function renderRollout(memory: RolloutMemory): string {
  const { plan, state, rings, reason } = memory;
  const from = plan.previous === null ? 'no earlier version' : `version ${plan.previous.version}`;
  return [
    `### Rollout of ${plan.model}@${plan.version} to ${plan.devices} devices: ${state}`,
    '',
    `From ${from}. ${reason}`,
    '',
    '| ring | devices | in contact | running | attested | failed | pending | verdict | why |',
    '|---|---:|---:|---:|---:|---:|---:|---|---|',
    ...rings.map(({ name, counts, verdict, reason: why }) => {
      const { devices, reachable, running, attested, failed, pending } = counts;
      const numbers = [devices, reachable, running, attested, failed, pending].join(' | ');
      return `| ${name} | ${numbers} | ${verdict} | ${why.replaceAll('|', '\\|')} |`;
    }),
  ].join('\n');
}
