import { modelCardHtml } from '../../src/reports/model-card.ts';
import { monitorReportHtml } from '../../src/reports/monitor-report.ts';
import type { GroupScores } from '../../src/contracts/build/scores.ts';
import type { Explanation } from '../../src/contracts/build/explanation.ts';
import type { MonitoringBaseline, WindowSummary } from '../../src/contracts/device/window-summary.ts';
import { evaluationReport } from '../../src/domain/evaluation/report.ts';
import { modelCard } from '../../src/domain/registry/model-card.ts';
import { analyse } from '../../src/domain/monitoring/analyse.ts';
import { seededRandom } from '../../src/base/random.ts';
import { digestOf, METRICS, projectSpec, registration, SENSORS, sourceRef } from './registry-fixtures.ts';

/** Words that would run or break a page that does not escape them. */
export const HOSTILE = `</script><img src="http://127.0.0.1:9/x" onerror="alert(1)">`;

function scoredGroups(): GroupScores[] {
  const random = seededRandom(3);
  return Array.from({ length: 6 }, (_, g) => {
    const labels = Array.from({ length: 120 }, (_, i) => (i < 40 ? 1 : 0));
    return {
      group: `pump-${g}`,
      sha256: '',
      fold: g % 3,
      secondsPerRow: 1,
      labels,
      slices: {},
      rows: labels.map((_, i) => i),
      scores: labels.map((label) => 0.6 * label + 0.4 * random()),
      deviations: labels.map((label) => 2 * label + random()),
    };
  });
}

const EXPLANATION: Explanation = {
  schema: 'windlass.explanation/1',
  windows: 720,
  groups: 6,
  repeats: 5,
  importance: SENSORS.map(({ name }, i) => ({ column: name, loss: 0.3 / (i + 1), interval: [0, 0.4] })),
  alerts: [
    {
      group: 'pump-1',
      row: 7,
      score: 0.9,
      label: 1,
      base: 0.1,
      contributions: SENSORS.map(({ name }) => ({ column: name, value: 0.1, standardError: 0.01 })),
    },
  ],
};

/** The page of a model card with every chart, and hostile words where people write. */
export function cardPage(): string {
  const spec = projectSpec({ description: HOSTILE });
  const { comparison, gates, pipeline, data, params, seed } = registration();
  return modelCardHtml(
    modelCard(
      {
        spec,
        digest: digestOf('model'),
        source: sourceRef(),
        pipeline,
        data,
        params,
        seed,
        gates,
        environment: digestOf('environment'),
        metrics: METRICS,
        comparison,
        profiles: [],
      },
      { evaluation: evaluationReport(scoredGroups(), { spec, seed: 7 }), explanation: EXPLANATION },
    ),
  );
}

const EDGES = [-1.28, -0.84, -0.52, -0.25, 0, 0.25, 0.52, 0.84, 1.28];
const CHUNK_PSI = [0.02, 0.03, 0.01, 0.04, 0.02, 0.03, 0.02];

const BASELINE: MonitoringBaseline = {
  schema: 'windlass.baseline/1',
  rows: 20_000,
  groups: 16,
  chunkRows: 1_800,
  columns: Object.fromEntries(
    SENSORS.map(({ name }) => [
      name,
      { edges: EDGES, shares: Array<number>(10).fill(0.1), mean: 0, std: 1, chunkPsi: CHUNK_PSI },
    ]),
  ),
  score: { shares: [0.6, 0.1, 0.05, 0.05, 0, 0, 0, 0.05, 0.05, 0.1], chunkPsi: CHUNK_PSI },
};

function driftedWindow(seq: number): WindowSummary {
  const column = {
    n: 1800,
    nulls: 0,
    nonFinite: 0,
    outOfRange: 0,
    stuck: 0,
    sum: 3600,
    sumSquares: 1800,
    min: -3,
    max: 3,
    bins: [0, 0, 0, 0, 0, 0, 0, 0, 300, 1500],
  };
  return {
    schema: 'windlass.window/1',
    device: HOSTILE,
    baseline: digestOf('baseline'),
    seq,
    model: { name: 'pump-health', version: '1', digest: digestOf('model') },
    start: `2026-02-01T0${seq}:00:00.000Z`,
    end: `2026-02-01T0${seq}:30:00.000Z`,
    readings: 1800,
    scored: 30,
    invalid: 1,
    alarms: 6,
    columns: Object.fromEntries(SENSORS.map(({ name }) => [name, column])),
    score: { n: 30, sum: 6, sumSquares: 3, bins: [18, 3, 2, 1, 0, 0, 0, 2, 1, 3] },
    latencyMs: { n: 30, sum: 9, max: 1 },
  };
}

/** The page of a monitoring report that sees drift. */
export function reportPage(): string {
  const analysis = analyse({
    model: 'pump-health',
    version: '1',
    baseline: BASELINE,
    policy: projectSpec().monitoring,
    windows: [1, 2, 3, 4].map(driftedWindow),
    threshold: 0.5,
    earlierDrift: [],
    secondsSinceLastRetrain: null,
  });
  return monitorReportHtml(analysis, BASELINE);
}
