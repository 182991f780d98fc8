import { html, raw } from 'hono/html';
import type { ModelCard } from '../contracts/model/model-card.ts';
import type { ModelProfile, OptimisationResult } from '../contracts/build/optimisation.ts';
import { BLUE, GREY, intervalSeries } from './card-charts.ts';
import type { Section } from './card-sections.ts';
import { renderChart } from './charts.ts';

const milliseconds = (x: number): string => x.toFixed(3);

/**
 * Median latency of each form on each platform that was measured, the kept one in colour; up to the
 * 99th percentile a line.
 */
function latencyChart({ variants, kept }: OptimisationResult): string {
  const bars = variants.flatMap(({ variant, profiles }) =>
    profiles.map(({ machine, latency }) => ({ variant, platform: machine.platform, ...latency })),
  );
  const several = new Set(bars.map((b) => b.platform)).size > 1;
  return renderChart(
    {
      title: {
        text: 'Latency of one row, ms (p50, line to p99)',
        left: 'center',
        textStyle: { fontSize: 13 },
      },
      grid: { left: 150, right: 30, top: 35, bottom: 30 },
      xAxis: { type: 'value' },
      yAxis: {
        type: 'category',
        data: bars.map((b) => (several ? `${b.variant}, ${b.platform}` : b.variant)),
        inverse: true,
      },
      series: [
        {
          type: 'bar',
          barMaxWidth: 18,
          data: bars.map((b) => ({
            value: Number(milliseconds(b.p50)),
            itemStyle: { color: b.variant === kept ? BLUE : GREY },
          })),
        },
        ...intervalSeries(bars.map(({ p50, p99 }) => [p50, p99])),
      ],
    },
    { width: 560, height: 70 + 32 * bars.length },
  );
}

const HEADS = html`<th>platform</th>
  <th class="n">p50 ms</th>
  <th class="n">p99 ms</th>
  <th class="n">rows/s</th>
  <th class="n">start ms</th>
  <th class="n">memory MB</th>`;

const cells = (p: ModelProfile) =>
  html`<td>${p.machine.platform}</td>
    <td class="n">${milliseconds(p.latency.p50)}</td>
    <td class="n">${milliseconds(p.latency.p99)}</td>
    <td class="n">${p.rowsPerSecond}</td>
    <td class="n">${p.startMs.toFixed(1)}</td>
    <td class="n">${p.memory.sessionMb}</td>`;

function machines(profiles: readonly ModelProfile[]) {
  const named = profiles.map(({ machine: m }) => `${m.platform}: ${m.processor}, ${m.runtime}`);
  return html`<p class="note">
    One thread; latency of one row alone, rows per second in batches of 256; memory is what opening the model
    adds. ${[...new Set(named)].join('; ')}.
  </p>`;
}

function formsTable({ variants }: OptimisationResult) {
  return html`<table>
    <tr>
      <th>form</th>
      <th>verdict</th>
      <th class="n">bytes</th>
      <th class="n">F1</th>
      <th class="n">against the original (95 %)</th>
      ${HEADS}
    </tr>
    ${variants.flatMap((v) => {
      const f1 = v.f1?.toFixed(4) ?? '–';
      const loss =
        v.difference === null || v.interval === null
          ? '–'
          : `${v.difference.toFixed(4)} (${v.interval.map((x) => x.toFixed(4)).join(' to ')})`;
      const form = html`<td>${v.variant}</td>
        <td class="${v.status}">${v.status}</td>
        <td class="n">${v.bytes ?? '–'}</td>
        <td class="n">${f1}</td>
        <td class="n">${loss}</td>`;
      if (v.profiles.length === 0)
        return [
          html`<tr>
            ${form}
            <td colspan="6">${v.reason.split('\n').slice(0, 3).join(' ')}</td>
          </tr>`,
        ];
      return v.profiles.map(
        (p) =>
          html`<tr>
            ${form} ${cells(p)}
          </tr>`,
      );
    })}
  </table>`;
}

/** What running the model costs, and the cheaper forms that were tried. */
export function profileSection({ profiles = [], optimisation }: ModelCard): Section {
  if (optimisation === undefined) {
    if (profiles.length === 0) return '';
    return html`<h2>Cost of running it</h2>
      <table>
        <tr>
          ${HEADS}
        </tr>
        ${profiles.map(
          (p) =>
            html`<tr>
              ${cells(p)}
            </tr>`,
        )}
      </table>
      ${machines(profiles)}`;
  }
  const { kept, reason, variants, unmeasured } = optimisation;
  const measured = variants.flatMap((v) => v.profiles);
  return html`<h2>Cost of running it, and cheaper forms: ${kept} is kept</h2>
    <p>${reason}. ${unmeasured.map((u) => `Not measured on ${u.platform}: ${u.reason}. `)}</p>
    ${raw(measured.length === 0 ? '' : latencyChart(optimisation))} ${formsTable(optimisation)}
    ${measured.length === 0 ? '' : machines(measured)}`;
}
