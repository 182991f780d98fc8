import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RolloutPolicy } from '../../../contracts/rollout/policy.ts';
import { WindlassError } from '../../../errors/windlass-error.ts';
import { attestedVersions, build, deploy, type ActOutcome } from './acts.ts';
import { deployed } from './act-rollout.ts';
import { until } from './follow.ts';
import { commit, MODEL, ROLLOUT, type Stage } from './stage.ts';

/**
 * A defect as they happen: an engineer bridges short dropouts with a method that typed arrays do
 * not have. No golden row and no test window has a short gap; pumps in the field have one every few
 * minutes, and there the module crashes.
 */
const DEFECT = `
  for (let at = COLUMNS.length; at < window.length - COLUMNS.length; at += 1) {
    const before = window[at - COLUMNS.length];
    const after = window[at + COLUMNS.length];
    if (!Number.isFinite(window[at]) && Number.isFinite(before)) window.splice(at, 1, (before + after) / 2);
  }
`;
/**
 * Pumps that are sure to meet a short gap among them while they soak: one alone meets none in one
 * case of four.
 */
const CANARY_PUMPS = 6;

/**
 * A changed entry script soaks for longer on a canary ring that is large enough, and not one
 * restart is forgiven.
 */
function careful(devices: number): Partial<RolloutPolicy> {
  const percent = Math.max(10, Math.ceil((100 * CANARY_PUMPS) / devices));
  const rings = [
    { name: 'canary', percent },
    { name: 'fleet', percent: 100 },
  ];
  return { ...ROLLOUT, rings, soakSeconds: 30, maxRestarts: 0 };
}

const ENTRY = 'export async function run({ window, calibration }, context) {';

async function addDefect(project: string): Promise<void> {
  const file = join(project, 'entry.js');
  const source = await readFile(file, 'utf8');
  if (!source.includes(ENTRY))
    throw new WindlassError('INTERNAL', `the entry script has no "${ENTRY}" to change`);
  await writeFile(file, source.replace(ENTRY, ENTRY + DEFECT));
  await commit(project, 'Bridge short dropouts');
}

/**
 * Act 4: a version that passes every gate but fails in the field is stopped in the canary ring, and
 * the last good one returns.
 */
export async function actBadModel(stage: Stage, good: string): Promise<ActOutcome> {
  await addDefect(stage.project);
  const { handle, result: built } = await build(stage, 'demo-bad-model', {
    project: stage.project,
    data: stage.data,
    seed: stage.seed + 1,
    actor: 'data-scientist',
    reason: 'bridge short dropouts',
  });
  const { version } = built.model;
  const { handle: deployment, result } = await deploy(stage, 'demo-bad-rollout', {
    model: `${MODEL}@${version}`,
    rollout: { ...careful(stage.devices), seed: stage.seed },
    actor: 'operations',
    reason: 'bridge short dropouts',
  });
  const rings = result.rollout?.rings ?? [];
  const [canary, ...later] = rings;
  const versions = await until(stage, `devices back on ${MODEL}@${good}`, {
    read: () => attestedVersions(stage),
    holds: (all) => all[good] === stage.devices,
    show: (all) => JSON.stringify(all),
    seconds: 60,
  });
  const champion = await stage.registry.model(MODEL, 'champion');
  return {
    handles: [handle, deployment],
    ...deployed(result),
    gates: [...built.gates, ...result.gates],
    checks: [
      [version !== good, `${MODEL}@${version} passed its gates and the container test`],
      [
        result.rollout?.outcome === 'reverted',
        `rollout: ${result.rollout?.outcome ?? 'none'}: ${result.rollout?.reason ?? ''}`,
      ],
      [(canary?.failed ?? 0) > 0, `${canary?.failed ?? 0} of ${canary?.devices ?? 0} canary pumps failed`],
      [
        later.every((r) => r.running === 0 && r.attested === 0),
        'no pump outside the canary ring was touched',
      ],
      [
        versions[good] === stage.devices,
        `${versions[good] ?? 0} of ${stage.devices} pumps run ${MODEL}@${good} again`,
      ],
      [champion?.version === good, `champion is still @${champion?.version ?? 'none'}`],
    ],
  };
}
