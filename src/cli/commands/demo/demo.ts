import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createFleetHub } from '../../../adapters/iot-hub/fleet-hub.ts';
import { openDatabase } from '../../../adapters/postgres/database.ts';
import { createMonitorStore } from '../../../adapters/postgres/monitoring/monitor-store.ts';
import { createRegistry } from '../../../adapters/postgres/registry/registry.ts';
import { WindlassError } from '../../../errors/windlass-error.ts';
import { systemClock } from '../../../base/clock.ts';
import { startSystem } from '../../../local-system/system.ts';
import { SERVICE_NAMES, type System } from '../../../local-system/system-types.ts';
import type { Cli } from '../../cli.ts';
import { openClient } from '../../shared/run-workflow.ts';
import { actBadModel } from './act-bad-model.ts';
import { actDrift } from './act-drift.ts';
import { actRollout } from './act-rollout.ts';
import { actTrain } from './act-train.ts';
import { runAct, type ActOutcome } from './acts.ts';
import { FleetControl } from './fleet-control.ts';
import { pumpLineage, type PumpLineage } from './lineage.ts';
import { createProject, KEPT_BETWEEN_DEMOS, type Stage } from './stage.ts';
import { renderSummary, type ActName, type ActReport, type DemoSummary } from './summary.ts';

export interface DemoRequest {
  readonly devices: number;
  readonly seed: number;
  readonly exit: boolean;
  /** Where the summary goes as JSON; stdout when not given. */
  readonly file: string | undefined;
}

/** The acts in order; each is given the version that runs on the fleet when it starts. */
const STORY: ReadonlyArray<{
  readonly name: ActName;
  readonly title: string;
  readonly act: (stage: Stage, champion: string) => Promise<ActOutcome>;
}> = [
  { name: 'train', title: 'Act 1 · a model is trained, judged and registered', act: actTrain },
  {
    name: 'rollout',
    title: 'Act 2 · it goes to the fleet in rings, while some pumps are away',
    act: actRollout,
  },
  {
    name: 'drift',
    title: 'Act 3 · the pumps change; drift is seen, a retrained version replaces the old',
    act: actDrift,
  },
  {
    name: 'bad-model',
    title: 'Act 4 · a bad version is stopped in the canary ring and taken back',
    act: actBadModel,
  },
];

/** The pump whose lineage the summary shows. */
const PUMP = 'pump-001';

/** Any free port, so that a demo can be played beside a running system. */
const FREE_PORTS = {
  'temporal.port': 0,
  'temporal.uiPort': 0,
  'database.port': 0,
  'hub.httpsPort': 0,
  'hub.mqttPort': 0,
  'api.port': 0,
};

/**
 * Plays the four acts on its own system and returns the summary; throws INTERNAL when an act did
 * not end as expected.
 */
export async function runDemo(cli: Cli, request: DemoRequest): Promise<void> {
  const startedAt = performance.now();
  const { values } = await cli.config();
  const stateDir = join(values.stateDir, 'demo');
  const config = await cli.config({
    ...FREE_PORTS,
    stateDir,
    'training.environmentsDir': values.training.environmentsDir,
    'fleet.devices': request.devices,
    'fleet.seed': request.seed,
  });
  const system = await startSystem(
    config.values,
    cli.startOptions({ needs: SERVICE_NAMES, command: 'demo', startAnew: { keep: KEPT_BETWEEN_DEMOS } }),
  );
  try {
    const { acts, lineage } = await play(cli, system, request);
    const { temporalUi, api } = system.info;
    const summary: DemoSummary = {
      ok: acts.length === STORY.length && acts.every((a) => a.ok),
      seed: request.seed,
      devices: request.devices,
      seconds: Math.round((performance.now() - startedAt) / 100) / 10,
      acts,
      lineage,
      addresses: { temporalUi: temporalUi ?? null, api: api ?? null },
    };
    await writeSummary(cli, summary, request);
    if (!summary.ok)
      throw new WindlassError('INTERNAL', 'The demo did not end as told; see the acts marked ✗.', {
        details: { acts: failed(acts) },
      });
    if (!request.exit) await stay(cli);
  } finally {
    await system.stop();
  }
}

const failed = (acts: readonly ActReport[]) =>
  acts.filter((a) => !a.ok).map(({ name, notes }) => ({ name, notes }));

async function play(
  cli: Cli,
  system: System,
  request: DemoRequest,
): Promise<{ acts: ActReport[]; lineage: PumpLineage | null }> {
  const { config, info } = system;
  const { connectionString } = config.hub;
  if (config.database.url === undefined || connectionString === undefined || info.fleetControl === undefined)
    throw new WindlassError('INTERNAL', 'the system started without database, hub or fleet');

  const db = openDatabase(config.database.url);
  const temporal = await openClient(system);
  const hub = createFleetHub({ ...config.hub, connectionString });
  try {
    const stage: Stage = {
      cli,
      client: temporal.client,
      registry: createRegistry(db, systemClock),
      monitor: createMonitorStore(db),
      hub,
      fleet: new FleetControl(info.fleetControl),
      project: join(config.stateDir, 'project'),
      data: join(config.stateDir, 'data'),
      seed: request.seed,
      devices: request.devices,
      say: (line) => cli.output.note(line),
      status: (line) => cli.output.status(line),
      signal: cli.signal,
    };
    await createProject(stage.project);
    const acts: ActReport[] = [];
    let champion = '';
    for (const { name, title, act } of STORY) {
      const report = await runAct(stage, { name, title }, () => act(stage, champion));
      acts.push(report);
      if (!report.ok) break;
      champion = name === 'bad-model' ? champion : (report.model?.version ?? champion);
    }
    const told = acts.length === STORY.length;
    return { acts, lineage: told ? await pumpLineage(stage.registry, PUMP) : null };
  } finally {
    await temporal.close();
    await db.destroy();
  }
}

async function writeSummary(cli: Cli, summary: DemoSummary, { file }: DemoRequest): Promise<void> {
  if (file === undefined) {
    cli.output.result(summary, () => renderSummary(summary));
    return;
  }
  await writeFile(file, `${JSON.stringify(summary, undefined, 2)}\n`);
  cli.output.note(renderSummary(summary));
  cli.output.note(`The summary is in ${file}.`);
}

async function stay(cli: Cli): Promise<void> {
  cli.output.note('Everything stays up to look around; Ctrl-C stops it.');
  if (cli.signal.aborted) return;
  await new Promise<void>((resolve) => {
    cli.signal.addEventListener('abort', () => resolve());
  });
}
