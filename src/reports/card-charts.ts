import type { Reliability, SliceResult } from '../contracts/build/evaluation.ts';
import type { AlertExplanation, ColumnImportance } from '../contracts/build/explanation.ts';
import { renderChart } from './charts.ts';

export const BLUE = '#1f5f99';
const RED = '#c0392b';
export const GREY = '#8fa3b5';
const rounded = (x: number): number => Number(x.toFixed(4));

/** Line from low to high across each row's place on the value axis, for an interval. */
export function intervalSeries(intervals: readonly (readonly [number, number] | null)[]) {
  return intervals.flatMap((interval, i) =>
    interval === null
      ? []
      : [
          {
            type: 'line' as const,
            data: interval.map((x) => [rounded(x), i]),
            symbol: 'rect',
            symbolSize: [2, 9],
            lineStyle: { width: 1.5, color: '#222' },
            itemStyle: { color: '#222' },
            silent: true,
          },
        ],
  );
}

/** Share of anomalies against mean score per bin; on the diagonal a score is a probability. */
export function reliabilityChart({ bins }: Reliability): string {
  const most = Math.max(...bins.map((b) => b.n));
  return renderChart(
    {
      title: { text: 'Calibration', left: 'center', textStyle: { fontSize: 13 } },
      grid: { left: 55, right: 20, top: 35, bottom: 45 },
      xAxis: { type: 'value', min: 0, max: 1, name: 'mean score', nameLocation: 'middle', nameGap: 28 },
      yAxis: { type: 'value', min: 0, max: 1, name: 'anomalous share', nameLocation: 'middle', nameGap: 36 },
      series: [
        {
          type: 'line',
          data: [
            [0, 0],
            [1, 1],
          ],
          symbol: 'none',
          lineStyle: { type: 'dashed', color: GREY },
        },
        {
          type: 'line',
          data: bins.map((b) => [rounded(b.score), rounded(b.observed)]),
          symbol: 'circle',
          symbolSize: (_value: unknown, { dataIndex }: { dataIndex: number }) =>
            4 + 8 * Math.sqrt((bins[dataIndex]?.n ?? 0) / most),
          color: BLUE,
        },
      ],
    },
    { width: 420, height: 320 },
  );
}

/** Loss of F1 per exchanged column, largest first, with intervals. */
export function importanceChart(importance: readonly ColumnImportance[]): string {
  return renderChart(
    {
      title: { text: 'Loss of F1 when a column is exchanged', left: 'center', textStyle: { fontSize: 13 } },
      grid: { left: 150, right: 30, top: 35, bottom: 30 },
      xAxis: { type: 'value' },
      yAxis: { type: 'category', data: importance.map((c) => c.column), inverse: true },
      series: [
        { type: 'bar', color: BLUE, barMaxWidth: 18, data: importance.map((c) => rounded(c.loss)) },
        ...intervalSeries(importance.map((c) => c.interval)),
      ],
    },
    { width: 440, height: 80 + 30 * importance.length },
  );
}

/** F1 per slice with intervals. */
export function sliceChart(slices: readonly SliceResult[]): string {
  const shown = slices.filter((s) => s.f1 !== null);
  return renderChart(
    {
      grid: { left: 190, right: 30, top: 15, bottom: 30 },
      xAxis: { type: 'value', min: 0, max: 1, name: 'F1' },
      yAxis: { type: 'category', data: shown.map((s) => `${s.slice} = ${s.value}`), inverse: true },
      series: [
        {
          type: 'bar',
          barMaxWidth: 18,
          data: shown.map((s) => ({
            value: rounded(s.f1?.value ?? 0),
            itemStyle: { color: s.status === 'judged' ? BLUE : GREY },
          })),
        },
        ...intervalSeries(shown.map((s) => s.f1?.interval ?? null)),
      ],
    },
    { width: 860, height: 70 + 30 * shown.length },
  );
}

/** What each column added to one alert's score. */
export function contributionChart(alert: AlertExplanation, threshold: number): string {
  const ordered = alert.contributions.toSorted((a, b) => Math.abs(b.value) - Math.abs(a.value)).slice(0, 10);
  const truth = alert.label === 1 ? 'an anomaly' : 'a false alarm';
  return renderChart(
    {
      title: {
        text: `group ${alert.group}, row ${alert.row}: ${truth}`,
        subtext: `usual ${alert.base.toFixed(3)} → score ${alert.score.toFixed(3)} (alarm at ${threshold})`,
        left: 'center',
        textStyle: { fontSize: 13 },
      },
      grid: { left: 150, right: 30, top: 60, bottom: 25 },
      xAxis: { type: 'value' },
      yAxis: { type: 'category', data: ordered.map((c) => c.column), inverse: true },
      series: [
        {
          type: 'bar',
          barMaxWidth: 16,
          data: ordered.map((c) => ({
            value: rounded(c.value),
            itemStyle: { color: c.value > 0 ? RED : BLUE },
          })),
        },
      ],
    },
    { width: 430, height: 110 + 24 * ordered.length },
  );
}
