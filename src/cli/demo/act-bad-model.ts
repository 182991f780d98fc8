import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { WindlassError } from '../../errors/windlass-error.ts';
import { attestedVersions, build, deploy, type ActOutcome } from './acts.ts';
import { deployed } from './act-rollout.ts';
import { until } from './follow.ts';
import { commit, MODEL, type Stage } from './stage.ts';

/**
 * A defect as they happen: an engineer refuses windows that are not of this minute. On a server every window is; at a remote
 * site clocks are off and windows wait, so the module crashes at its first window.
 */
const DEFECT = `
  const age = Math.abs(Date.now() - Date.parse(endTime));
  if (age > 30_000) throw new Error(\`window ended \${Math.round(age / 1000)} s from now: refusing a stale window\`);
`;
const ENTRY = 'export async function run({ window, calibration }, context) {';

async function addDefect(project: string): Promise<void> {
  const file = join(project, 'entry.js');
  const source = await readFile(file, 'utf8');
  if (!source.includes(ENTRY))
    throw new WindlassError('INTERNAL', `the entry script has no "${ENTRY}" to change`);
  await writeFile(
    file,
    source.replace(ENTRY, ENTRY.replace('calibration }', 'calibration, endTime }') + DEFECT),
  );
  await commit(project, 'Refuse stale windows');
}

/** Act 4: a version that passes every gate but fails in the field is stopped in the canary ring, and the last good one returns. */
export async function actBadModel(stage: Stage, good: string): Promise<ActOutcome> {
  await addDefect(stage.project);
  const { handle, result: built } = await build(stage, 'demo-bad-model', {
    project: stage.project,
    data: stage.data,
    seed: stage.seed + 1,
    actor: 'data-scientist',
    reason: 'refuse stale windows',
  });
  const { version } = built.model;
  const { handle: deployment, result } = await deploy(stage, 'demo-bad-rollout', {
    model: `${MODEL}@${version}`,
    actor: 'operations',
    reason: 'refuse stale windows',
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
