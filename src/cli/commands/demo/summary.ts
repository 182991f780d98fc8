import { table } from '../../shared/output.ts';
import type { PumpLineage } from './lineage.ts';
import type { GateResult } from '../../../contracts/gate.ts';
import type { ImageMode } from '../../../contracts/packaging/image.ts';
import type { RingReport } from '../../../contracts/rollout/rollout.ts';

export const ACTS = ['train', 'rollout', 'drift', 'bad-model'] as const;
export type ActName = (typeof ACTS)[number];

export interface ActWorkflow {
  readonly type: string;
  readonly workflowId: string;
  readonly runId: string;
  /** Temporal's own word: COMPLETED, FAILED, RUNNING, … */
  readonly status: string;
}

export interface ActReport {
  readonly name: ActName;
  readonly ok: boolean;
  readonly seconds: number;
  readonly workflows: readonly ActWorkflow[];
  readonly model: { readonly name: string; readonly version: string; readonly digest: string } | null;
  readonly image?: { readonly digest: string; readonly mode: ImageMode };
  readonly gates: readonly GateResult[];
  readonly rings?: readonly RingReport[];
  /** What was seen that makes the act ok, or what was not, one line each. */
  readonly notes: readonly string[];
}

/** What `windlass demo --json` writes; programs rely on it. */
export interface DemoSummary {
  readonly ok: boolean;
  readonly seed: number;
  readonly devices: number;
  readonly seconds: number;
  readonly acts: readonly ActReport[];
  /** How one pump came to run what it runs; null when the story broke off. */
  readonly lineage: PumpLineage | null;
  readonly addresses: { readonly temporalUi: string | null; readonly api: string | null };
}

const short = (digest: string): string => digest.slice(0, 19);

function actRow(act: ActReport): string[] {
  const rings = (act.rings ?? []).map((r) => `${r.name} ${r.attested}/${r.devices} ${r.verdict}`).join(', ');
  const passed = act.gates.filter((g) => g.status === 'pass').length;
  const model = act.model === null ? '–' : `${act.model.name}@${act.model.version}`;
  return [
    act.ok ? '✓' : '✗',
    act.name,
    `${act.seconds.toFixed(0)} s`,
    model,
    `${passed}/${act.gates.length}`,
    rings || '–',
  ];
}

function lineageLines(lineage: PumpLineage): string[] {
  const rows: Array<[string, string]> = [
    ['pump', lineage.pump],
    ['runs', `${lineage.model.name}@${lineage.model.version}, model ${short(lineage.model.digest)}`],
    [
      'image',
      lineage.image === null ? '–' : `${short(lineage.image.digest)} (tested as ${lineage.image.mode})`,
    ],
    ['pipeline', `${lineage.pipeline?.name}@${lineage.pipeline?.version}, run ${lineage.run.workflowId}`],
    ['commit', lineage.commit ?? '–'],
    ['data', `${short(lineage.dataDigest ?? '–')}, ${lineage.dataFiles} files`],
    ...lineage.approvals.map(({ at, actor, action, reason }): [string, string] => [
      action,
      `${at} by ${actor}: ${reason}`,
    ]),
    ...lineage.history.map((h): [string, string] => [
      `${h.model}@${h.version}`,
      `${h.since} … ${h.until ?? 'now'}, ring ${h.ring ?? '–'}: ${h.reason}`,
    ]),
  ];
  return rows.map(([name, value]) => `  ${name.padEnd(18)} ${value}`);
}

/** The summary as a person reads it: a row an act, then how one pump came to run what it runs. */
export function renderSummary(summary: DemoSummary): string {
  const { temporalUi, api } = summary.addresses;
  return [
    '',
    table(['', 'ACT', 'TIME', 'MODEL', 'GATES', 'RINGS'], summary.acts.map(actRow)),
    '',
    ...(summary.lineage === null
      ? []
      : ['How one pump came to run what it runs:', ...lineageLines(summary.lineage), '']),
    `${summary.ok ? 'As told' : 'NOT as told'}: ${summary.devices} pumps, seed ${summary.seed}, ${summary.seconds.toFixed(0)} s.`,
    `Temporal UI ${temporalUi ?? '–'}   API ${api ?? '–'}`,
  ].join('\n');
}
