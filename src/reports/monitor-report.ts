import { html, raw } from 'hono/html';
import type { ColumnDrift } from '../contracts/monitoring/monitor.ts';
import type { MonitoringBaseline } from '../contracts/device/window-summary.ts';
import { SCORE_EDGES } from '../contracts/device/window-summary.ts';
import type { Analysis } from '../domain/monitoring/analyse.ts';
import { distributionChart, driftChart } from './charts.ts';
import { gateTable } from './gate-table.ts';

const STYLE = `body{font:15px/1.5 system-ui,sans-serif;max-width:900px;margin:2em auto;padding:0 1em;color:#222}
table{border-collapse:collapse;width:100%;margin:1em 0}th,td{border-bottom:1px solid #ddd;padding:.35em .6em;text-align:left}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}.drift,.fail,.retrain{color:#a32015;font-weight:600}.stable,.pass,.none{color:#1f6b47}
.insufficient,.investigate,.warn{color:#8a5a00;font-weight:600}.charts{display:flex;flex-wrap:wrap;gap:8px}h1{margin-bottom:0}`;

const number = (x: number | null, digits = 3): string => (x === null ? '–' : x.toFixed(digits));
const shares = (counts: readonly number[]): number[] => {
  const total = counts.reduce((a, b) => a + b, 0);
  return counts.map((c) => (total === 0 ? 0 : c / total));
};

function binNames(edges: readonly number[]): string[] {
  const shown = edges.map((e) => e.toFixed(2));
  return [`< ${shown[0]}`, ...shown.slice(1).map((e, i) => `${shown[i]}…${e}`), `≥ ${shown.at(-1)}`];
}

const driftRow = (c: ColumnDrift) =>
  html`<tr>
    <td>${c.column}</td>
    <td class="${c.status}">${c.status}</td>
    <td class="n">${number(c.psi)}</td>
    <td class="n">${number(c.threshold)}</td>
    <td class="n">${number(c.meanShift, 2)}</td>
    <td class="n">${c.n}</td>
  </tr>`;

/**
 * The monitoring report as one self-contained HTML page: decision and its arithmetic first, then
 * charts and tables.
 */
export function monitorReportHtml(analysis: Analysis, baseline: MonitoringBaseline): string {
  const { report, merged, devices } = analysis;
  const worst = [...report.columns].sort((a, b) => (b.psi ?? 0) - (a.psi ?? 0)).slice(0, 4);
  const distributions = worst.flatMap((c) => {
    const reference = baseline.columns[c.column];
    const now = merged.columns[c.column];
    if (reference === undefined || now === undefined) return [];
    return distributionChart(c.column, binNames(reference.edges), {
      reference: reference.shares,
      now: shares(now.bins),
    });
  });
  const scores = distributionChart('score', binNames([...SCORE_EDGES]), {
    reference: baseline.score.shares,
    now: shares(merged.scoreBins),
  });
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <title>${report.model}@${report.version}: ${report.decision}</title>
        <style>
          ${raw(STYLE)}
        </style>
      </head>
      <body>
        <h1>${report.model}@${report.version}</h1>
        <p>
          ${report.windows} summaries of ${report.devices} devices, ${report.from ?? '–'} to
          ${report.to ?? '–'}; ${merged.scored} windows scored, ${merged.alarms} alarms, ${merged.invalid}
          invalid
        </p>
        <h2>Decision: <span class="${report.decision}">${report.decision}</span></h2>
        <ol>
          ${report.arithmetic.map((line) => html`<li>${line}</li>`)}
        </ol>
        <h2>Drift against the training data</h2>
        <p>
          Readings are normalised by each device's own calibration, so that pumps that differ can be compared.
        </p>
        ${raw(driftChart([...report.columns, report.score]))}
        <table>
          <tr>
            <th>column</th>
            <th>verdict</th>
            <th class="n">PSI</th>
            <th class="n">threshold</th>
            <th class="n">mean shift (σ)</th>
            <th class="n">n</th>
          </tr>
          ${[...report.columns, report.score].map(driftRow)}
        </table>
        <div class="charts">${raw([...distributions, scores].join(''))}</div>
        <h2>Devices furthest from the training data</h2>
        <table>
          <tr>
            <th>device</th>
            <th class="n">mean PSI</th>
            <th>worst column</th>
          </tr>
          ${devices.map(
            (d) =>
              html`<tr>
                <td>${d.device}</td>
                <td class="n">${number(d.psi)}</td>
                <td>${d.worstColumn}</td>
              </tr>`,
          )}
        </table>
        <h2>Data quality</h2>
        ${gateTable(report.gates)}
      </body>
    </html>`;
  return page.toString();
}
