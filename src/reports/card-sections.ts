import { html, raw } from 'hono/html';
import { percent } from '../base/percent.ts';
import type { RuleResult } from '../contracts/build/rule-results.ts';
import type { SliceMetric } from '../contracts/build/evaluation.ts';
import type { ModelCard } from '../contracts/model/model-card.ts';
import { contributionChart, importanceChart, reliabilityChart, sliceChart } from './card-charts.ts';
import { gateTable } from './gate-table.ts';

/** A part of a card's page; empty where the card has nothing to say. */
export type Section = ReturnType<typeof html> | '';

const fixed = (x: number | null | undefined, digits = 4): string => x?.toFixed(digits) ?? '–';

function withInterval(metric: SliceMetric | null, show: (x: number) => string): string {
  if (metric === null) return '–';
  const { value, interval } = metric;
  return interval === null ? show(value) : `${show(value)} (${show(interval[0])} to ${show(interval[1])})`;
}

function commitText({ commit, dirty, repository, subfolder }: NonNullable<ModelCard['source']>): string {
  return `${commit}${dirty ? ' with uncommitted changes' : ''} (${repository}, ${subfolder || '.'})`;
}

function dataText({ digest, files, rows, source }: NonNullable<ModelCard['data']>): string {
  return `${digest}: ${files} files, ${rows} rows (${source})`;
}

/** Code, data, environment and seed; of an imported model what is known, and what is not. */
export function lineageSection(card: ModelCard): Section {
  const { source, data, pipeline, imported } = card;
  const made = imported === undefined;
  const facts: [string, string | null | undefined][] = [
    ['model', card.digest],
    ['imported from', imported?.file],
    [made ? 'pipeline' : 'served by', pipeline && `${pipeline.name}@${pipeline.version}`],
    ['commit', source && commitText(source)],
    ['environment', card.environment],
    [made ? 'data' : 'measured on', data && dataText(data)],
    ['parameters', card.params && JSON.stringify(card.params)],
    ['seed', card.seed === null ? null : String(card.seed)],
    ['not known', imported?.missing.join(', ')],
  ];
  const rows = facts.filter(([, which]) => which !== null && which !== undefined);
  return html`<h2>Made from</h2>
    <table>
      ${rows.map(
        ([what, which]) =>
          html`<tr>
            <th>${what}</th>
            <td class="long">${which}</td>
          </tr>`,
      )}
    </table>`;
}

const ruleRow = (r: RuleResult) =>
  html`<tr>
    <td>${r.rule}</td>
    <td class="n">${fixed(r.f1)}</td>
    <td class="n">${percent(r.falseAlarmRate)}</td>
    <td class="n">${percent(r.missedAlarmRate)}</td>
    <td class="n">${fixed(r.costPerDeviceDay, 2)}</td>
    <td class="n">${r.confusion.tp} / ${r.confusion.tn} / ${r.confusion.fp} / ${r.confusion.fn}</td>
  </tr>`;

function rulesTable(rules: readonly RuleResult[]) {
  return html`<table>
    <tr>
      <th>rule</th>
      <th class="n">F1</th>
      <th class="n">false alarms</th>
      <th class="n">missed</th>
      <th class="n">cost per device-day</th>
      <th class="n">TP / TN / FP / FN</th>
    </tr>
    ${rules.map(ruleRow)}
  </table>`;
}

/** Metrics next to rules that need no model. */
export function measuredSection({ metrics: m, evaluation, imported }: ModelCard): Section {
  if (m === null || evaluation === null) return '';
  const { costs } = evaluation;
  const which = imported === undefined ? 'that the scoring model had not seen' : 'that it may have seen';
  const unit = costs.declared
    ? `A false alarm costs ${costs.falseAlarm}, a missed one ${costs.missedAlarm}, as the project declares.`
    : 'Each wrong decision counts 1: the project declares no costs.';
  return html`<h2>Measured on groups ${which}</h2>
    <p>
      ${m.rows} windows of ${m.groups} groups; area under the ROC curve ${fixed(m.auc)}. One decision per
      window length. ${unit}
    </p>
    ${rulesTable(evaluation.rules)}`;
}

/** Reliability curve beside what the columns matter. */
export function calibrationSection({ evaluation, explanation }: ModelCard): Section {
  if (evaluation === null || explanation === null) return '';
  const { reliability } = evaluation;
  const importance = explanation.importance.toSorted((a, b) => b.loss - a.loss);
  const said =
    reliability === null
      ? 'The scores are no probabilities: calibration says nothing of them.'
      : `Brier score ${fixed(reliability.brier)}, expected calibration error ${fixed(reliability.ece)} over ${reliability.bins.length} bins of equal mass.`;
  const matters =
    importance.length === 0
      ? ''
      : `Importance: ${explanation.windows} windows of ${explanation.groups} groups, each column exchanged ${explanation.repeats} times within its group; lines are 95 % intervals over groups.`;
  return html`<h2>Calibration and importance</h2>
    <p>${said} ${matters}</p>
    <div class="charts">
      ${raw(reliability === null ? '' : reliabilityChart(reliability))}
      ${raw(importance.length === 0 ? '' : importanceChart(importance))}
    </div>`;
}

/** Slices of windlass.yaml; nothing when there are none. */
export function sliceSection({ evaluation }: ModelCard): Section {
  const slices = evaluation?.slices ?? [];
  if (slices.length === 0) return '';
  return html`<h2>Slices</h2>
    ${raw(sliceChart(slices.slice(0, 40)))}
    <table>
      <tr>
        <th>slice</th>
        <th>verdict</th>
        <th class="n">F1</th>
        <th class="n">false alarms</th>
        <th class="n">missed</th>
        <th class="n">windows</th>
        <th class="n">groups</th>
      </tr>
      ${slices.map(
        (s) =>
          html`<tr>
            <td>${s.slice} = ${s.value}</td>
            <td class="${s.status}">${s.status}</td>
            <td class="n">${withInterval(s.f1, (x) => x.toFixed(3))}</td>
            <td class="n">${withInterval(s.falseAlarmRate, percent)}</td>
            <td class="n">${withInterval(s.missedAlarmRate, percent)}</td>
            <td class="n">${s.rows}</td>
            <td class="n">${s.groups}</td>
          </tr>`,
      )}
    </table>`;
}

/** Contributions to a few alerts. */
export function alertSection({ explanation, model }: ModelCard): Section {
  if (explanation === null || model === null || explanation.alerts.length === 0) return '';
  return html`<h2>Why it alarmed</h2>
    <p>
      The highest alarms, right and wrong ones, of different groups: what each column added to the score that
      the device's own commissioning rows give (sampled Shapley values; they sum to the score).
    </p>
    <div class="charts">
      ${raw(explanation.alerts.map((a) => contributionChart(a, model.threshold)).join(''))}
    </div>`;
}

/** Verdict against the champion. */
export function comparisonSection({ comparison: c }: ModelCard): Section {
  const { deLong, mcNemar } = c.diagnostics ?? {};
  return html`<h2>Against the champion: <span class="${c.verdict}">${c.verdict}</span></h2>
    <p>${c.reason}</p>
    ${c.rules === undefined ? '' : rulesTable(c.rules)}
    ${
      c.guardrails === undefined
        ? ''
        : html`<table>
            <tr>
              <th>guardrail</th>
              <th>verdict</th>
              <th class="n">champion</th>
              <th class="n">challenger</th>
              <th class="n">worse by (95 %)</th>
              <th class="n">margin</th>
              <th class="n">p (Holm)</th>
            </tr>
            ${c.guardrails.map(
              (g) =>
                html`<tr>
                  <td>${g.name}</td>
                  <td class="${g.status}">${g.status}</td>
                  <td class="n">${fixed(g.champion)}</td>
                  <td class="n">${fixed(g.challenger)}</td>
                  <td class="n">
                    ${fixed(g.worse)} (${fixed(g.interval?.[0])} to ${fixed(g.interval?.[1])})
                  </td>
                  <td class="n">${fixed(g.margin)}</td>
                  <td class="n">${fixed(g.adjustedP)}</td>
                </tr>`,
            )}
          </table>`
    }
    ${
      mcNemar === undefined
        ? ''
        : html`<p class="note">
            Diagnostics, which count overlapping windows as independent: McNemar ${mcNemar.onlyChallenger}
            windows right by the challenger alone, ${mcNemar.onlyChampion} by the champion alone, p
            ${fixed(mcNemar.pExact)}; accuracy difference ${fixed(mcNemar.accuracyDifference)}
            (${fixed(mcNemar.interval[0])} to ${fixed(mcNemar.interval[1])}, Newcombe); DeLong: areas
            ${fixed(deLong?.champion)} and ${fixed(deLong?.challenger)}, p ${fixed(deLong?.p)}.
          </p>`
    }`;
}

/** What the model is given and where it ends. */
export function limitsSection({ model, columns, limits }: ModelCard): Section {
  const input =
    model === null
      ? 'What its inputs mean is not known.'
      : `Input ${model.input}: ${model.window} rows of ${columns.length} columns; output ${model.output}, alarm at ${model.threshold} or more.`;
  const list = html`<h2>Input, output and limits</h2>
    <p>${input}</p>
    <ul>
      ${limits.map((limit) => html`<li>${limit}</li>`)}
    </ul>`;
  if (columns.length === 0) return list;
  return html`${list}
    <table>
      <tr>
        <th>column</th>
        <th>unit</th>
        <th class="n">from</th>
        <th class="n">to</th>
      </tr>
      ${columns.map(
        (c) =>
          html`<tr>
            <td>${c.name}</td>
            <td>${c.unit}</td>
            <td class="n">${c.min}</td>
            <td class="n">${c.max}</td>
          </tr>`,
      )}
    </table>`;
}

/** Every gate that the version passed, or was warned by. */
export function gateSection({ gates }: ModelCard): Section {
  return html`<h2>Gates</h2>
    ${gateTable(gates)}`;
}
