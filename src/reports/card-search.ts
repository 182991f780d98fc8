import { html, raw } from 'hono/html';
import type { ModelCard } from '../contracts/model/model-card.ts';
import type { SearchResult } from '../contracts/build/search.ts';
import { describeParams, describeSearch, rankedTrials } from '../domain/search/best-trial.ts';
import { BLUE, GREY } from './card-charts.ts';
import type { Section } from './card-sections.ts';
import { renderChart } from './charts.ts';

const SHOWN = 20;

/** The metric of each trial in the order of the trials, and the best so far. */
function trialChart({ trials }: SearchResult): string {
  const done = trials.flatMap(({ trial, metric }) => (metric === null ? [] : [[trial, metric] as const]));
  const best = done.map(([trial], i) => [trial, Math.max(...done.slice(0, i + 1).map(([, m]) => m))]);
  return renderChart(
    {
      grid: { left: 60, right: 30, top: 35, bottom: 45 },
      legend: { data: ['trial', 'best so far'], top: 5 },
      xAxis: { type: 'value', name: 'trial', nameLocation: 'middle', nameGap: 28, minInterval: 1 },
      yAxis: { type: 'value', name: 'F1', scale: true },
      series: [
        {
          name: 'trial',
          type: 'scatter',
          data: done.map(([trial, m]) => [trial, Number(m.toFixed(4))]),
          color: BLUE,
        },
        {
          name: 'best so far',
          type: 'line',
          step: 'end',
          symbol: 'none',
          data: best.map(([trial, m]) => [trial, Number(m?.toFixed(4))]),
          color: GREY,
        },
      ],
    },
    { width: 860, height: 260 },
  );
}

/** How the parameters were chosen; nothing when they were given. */
export function searchSection({ search }: ModelCard): Section {
  if (search === undefined) return '';
  const { trials, validation, evaluation, strategy } = search;
  const ranked = rankedTrials(trials);
  const rest = ranked.length - SHOWN;
  return html`<h2>Search for parameters</h2>
    <p>
      ${describeSearch(trials, trials.length)} (${strategy}). Trials were judged on ${validation.groups}
      groups; the metrics above are of ${evaluation.groups} others, which no trial was given.
    </p>
    ${raw(trialChart(search))}
    <table>
      <tr>
        <th class="n">trial</th>
        <th class="n">F1</th>
        <th class="n">seconds</th>
        <th>parameters</th>
        <th></th>
      </tr>
      ${ranked.slice(0, SHOWN).map(
        (t) =>
          html`<tr>
            <td class="n">${t.trial}</td>
            <td class="n">${t.metric?.toFixed(4) ?? t.status}</td>
            <td class="n">${t.seconds.toFixed(1)}</td>
            <td>${describeParams(t.params)}</td>
            <td>${t.reason?.split('\n')[0] ?? ''}</td>
          </tr>`,
      )}
    </table>
    ${rest > 0 ? html`<p class="note">And ${rest} more, which the card's JSON lists.</p>` : ''}`;
}
