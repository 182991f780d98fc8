import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { dockerClient, engineVersion } from '../../src/adapters/docker/engine.ts';
import type { ActName, ActReport, DemoSummary } from '../../src/cli/commands/demo/summary.ts';
import { blockingGates } from '../../src/domain/gates/statuses.ts';
import { SHARED_ENVIRONMENTS } from '../support/environments.ts';
import { PROJECT_ROOT, shareLayers } from '../support/shared-layers.ts';
import { tempFolder } from '../support/temp-folder.ts';
import type { LongEntry } from './entry.ts';
import { runProgram } from './run-program.ts';

/** The fewest whose windows are enough for every report. */
const DEVICES = 20;

/** Plays the demo as a user does, in a folder of its own. */
async function play(folder: string, engine: 'docker' | 'process', log: (line: string) => void) {
  const stateDir = join(folder, '.windlass', 'demo');
  mkdirSync(join(stateDir, 'images'), { recursive: true });
  await shareLayers(join(stateDir, 'images'), engine);
  const file = join(folder, 'out.json');
  const args = ['demo', '--devices', String(DEVICES), '--exit', '--json', file];
  const env = { WINDLASS_TRAINING_ENVIRONMENTS_DIR: SHARED_ENVIRONMENTS };
  await runProgram([join(PROJECT_ROOT, 'src/cli/main.ts'), ...args], { log, env, cwd: folder });
  return JSON.parse(readFileSync(file, 'utf8')) as DemoSummary;
}

function includesAll(all: readonly string[], wanted: readonly string[]): void {
  const missing = wanted.filter((name) => !all.includes(name));
  assert.deepEqual(missing, []);
}

const gateNames = (act: ActReport): string[] => act.gates.map((gate) => gate.name);
const rings = (act: ActReport) => act.rings?.map((ring) => ring.verdict);

function check(summary: DemoSummary, engine: 'docker' | 'process'): void {
  assert.equal(summary.ok, true);
  assert.equal(summary.devices, DEVICES);
  assert.deepEqual(
    summary.acts.map((act) => [act.name, act.ok]),
    ['train', 'rollout', 'drift', 'bad-model'].map((name) => [name, true]),
  );
  for (const act of summary.acts) {
    assert(act.workflows.every((workflow) => workflow.status === 'COMPLETED'));
    assert.deepEqual(blockingGates(act.gates), []);
  }
  const act = (name: ActName): ActReport => {
    const found = summary.acts.find((a) => a.name === name);
    assert(found !== undefined);
    return found;
  };
  const [train, rollout, drift, bad] = [act('train'), act('rollout'), act('drift'), act('bad-model')];

  assert.equal(train.model?.version, '1');
  includesAll(gateNames(train), ['check-lint', 'check-unit-tests', 'golden-parity', 'f1']);
  assert.equal(rollout.image?.mode, engine === 'docker' ? 'container' : 'process');
  includesAll(gateNames(rollout), ['container.start', 'container.no-network']);
  assert.deepEqual(rings(rollout), ['promoted', 'promoted', 'promoted']);
  const last = rollout.rings?.at(-1);
  assert(last !== undefined && last.attested < last.devices); // some were away

  assert.equal(drift.model?.version, '2');
  assert.deepEqual(
    drift.workflows.map((workflow) => workflow.type),
    ['monitorAndRetrain', 'monitorAndRetrain', 'buildAndTrain', 'packageAndDeploy'],
  );
  assert.deepEqual(rings(drift), ['promoted', 'promoted', 'promoted']);
  assert.notEqual(drift.image?.digest, rollout.image?.digest);

  assert.equal(bad.model?.version, '3');
  assert.deepEqual(rings(bad), ['failed', 'skipped']);
  assert.equal(summary.lineage?.pump, 'pump-001');
  assert.equal(summary.lineage.model.version, '2');
  includesAll(
    summary.lineage.history.map((given) => given.version),
    ['1', '2'],
  );
}

/**
 * The demo as a whole: a model is trained, rolled out, replaced under drift, and a bad version is
 * stopped.
 */
export const demo: LongEntry = {
  name: 'demo',
  summary: 'npm run demo from beginning to end, with what it must show',
  leastSeconds: 150,
  run: async ({ log }) => {
    const engine = (await engineVersion(dockerClient())) === undefined ? 'process' : 'docker';
    const folder = tempFolder('demo');
    try {
      const summary = await play(folder.path, engine, log);
      check(summary, engine);
      log(`${summary.acts.length} acts with ${DEVICES} devices, engine ${engine}`);
    } finally {
      folder.remove();
    }
  },
};
